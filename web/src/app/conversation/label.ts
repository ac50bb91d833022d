import { Message } from '../wire/views';

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
