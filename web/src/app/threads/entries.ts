import { label } from '../conversation/rows';
import { Message } from '../wire/views';

/** What somebody said, and how it stands in the log. */
export interface Said {
  readonly kind: 'said';
  readonly key: string;
  readonly message: Message;
  readonly label: string;
  readonly side: 'left' | 'right' | 'middle';
  /** False where the same speaker goes on, so that the name need not be said again. */
  readonly heads: boolean;
  /** Whether the delivery is said here: once for a run that was delivered, for each that was not. */
  readonly marked: boolean;
}

/** A line across the log: another day, another call, or somebody else who answers. */
export interface Divider {
  readonly kind: 'day' | 'call' | 'turn';
  readonly key: string;
  readonly text: string;
}

export type Entry = Said | Divider;

const APART_MS = 120_000;
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });

/**
 * The log of a thread: messages, with dividers where the day, the call or the answering side changes.
 *
 * `now`: ms since 1970, for the words today and yesterday.
 */
export function entries(messages: readonly Message[], now: number): readonly Entry[] {
  const log: Entry[] = [];
  let day = '';
  let callId: string | null = null;
  let answering = '';
  messages.forEach((message, index) => {
    let apart = false;
    const divide = (kind: Divider['kind'], text: string) => {
      log.push({ kind, key: `${kind}:${message.id}`, text });
      apart = true;
    };
    const date = new Date(message.startedAt).toDateString();
    if (date !== day) divide('day', dayWord(message.startedAt, now));
    if (message.callId !== null && message.callId !== callId) {
      if (callId !== null) divide('call', $localize`Another call`);
      callId = message.callId;
      answering = '';
    }
    const side = answerer(message);
    const joined = side === null || side === answering ? null : joining(message, answering);
    if (joined !== null) divide('turn', joined);
    day = date;
    answering = side ?? answering;
    const before = apart ? undefined : messages[index - 1];
    log.push(said(message, before, messages[index + 1]));
  });
  return log;
}

function said(message: Message, before: Message | undefined, after: Message | undefined): Said {
  const { delivery } = message;
  const sameAfter = after !== undefined && goesOn(message, after) && after.delivery === delivery;
  return {
    kind: 'said',
    key: message.id,
    message,
    label: label(message),
    side: message.speaker === 'system' ? 'middle' : message.speaker === 'caller' ? 'left' : 'right',
    heads: before === undefined || !goesOn(before, message),
    marked:
      message.final &&
      (delivery === 'pending' || delivery === 'failed' || (delivery === 'delivered' && !sameAfter)),
  };
}

function goesOn(before: Message, message: Message): boolean {
  return (
    before.speaker === message.speaker &&
    before.name === message.name &&
    message.startedAt - before.startedAt < APART_MS
  );
}

/** Who answers the caller by this message; null where it is not an answer. */
function answerer({ speaker, name }: Message): string | null {
  if (speaker === 'caller' || speaker === 'system') return null;
  return speaker === 'human' ? `human ${name ?? ''}` : speaker;
}

/** The words for a change of the answering side; null where the bot begins, as it always does. */
function joining(message: Message, before: string): string | null {
  switch (message.speaker) {
    case 'human':
      return $localize`${label(message)} joined`;
    case 'agent':
      return $localize`${label(message)} took over`;
    default:
      return before === '' ? null : $localize`Back with the assistant`;
  }
}

function dayWord(ms: number, now: number): string {
  const yesterday = new Date(now);
  yesterday.setDate(yesterday.getDate() - 1);
  const date = new Date(ms).toDateString();
  if (date === new Date(now).toDateString()) return $localize`Today`;
  return date === yesterday.toDateString() ? $localize`Yesterday` : DAY.format(ms);
}
