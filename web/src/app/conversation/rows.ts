import { Message, Speaker } from '../wire/views';

/** A message and how it stands in the list. */
export interface Row {
  readonly message: Message;
  readonly label: string;
  readonly side: 'left' | 'right' | 'middle';
  /** False where the same speaker goes on, so that the name need not be said again. */
  readonly heads: boolean;
}

const APART_MS = 120_000;

/** Rows of a conversation as seen by `reader`, whose own side is the right one. */
export function rows(messages: readonly Message[], reader: 'operator' | 'caller'): readonly Row[] {
  return messages.map((message, index) => {
    const before = messages[index - 1];
    const goesOn =
      before !== undefined &&
      before.speaker === message.speaker &&
      before.name === message.name &&
      message.startedAt - before.startedAt < APART_MS;
    return { message, label: label(message), side: side(message.speaker, reader), heads: !goesOn };
  });
}

/** What a speaker is called, by role and, where known, by name. */
export function label({ speaker, name }: Pick<Message, 'speaker' | 'name'>): string {
  switch (speaker) {
    case 'caller':
      return name || $localize`Caller`;
    case 'bot':
      return name || $localize`Bot`;
    case 'human':
      return name || $localize`Operator`;
    case 'agent':
      return name || $localize`Software agent`;
    case 'system':
      return $localize`Note`;
  }
}

function side(speaker: Speaker, reader: 'operator' | 'caller'): Row['side'] {
  if (speaker === 'system') return 'middle';
  return (speaker === 'caller') === (reader === 'caller') ? 'right' : 'left';
}
