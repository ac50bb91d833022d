import { clockSeconds, daySeconds } from '../shell/format';
import { Message, Speaker } from '../wire/views';
import { label } from './label';

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
  /** When it was really said, where it stands after something said later; else null. */
  readonly late: string | null;
}

/** A line across the log: another day, another call, or somebody else who answers. */
export interface Divider {
  readonly kind: 'day' | 'call' | 'turn';
  readonly key: string;
  readonly text: string;
}

export type Entry = Said | Divider;

/** Who reads: one's own side is the right one. */
export type Reader = 'operator' | 'caller';

export interface Look {
  readonly reader: Reader;
  /** Whether lines across the log say where the day, the call or the answering side changes. */
  readonly dividers: boolean;
  /** Ms since 1970, for the words today and yesterday. */
  readonly now: number;
}

const APART_MS = 120_000;
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });

/**
 * The log of a conversation, in the order of `messages`.
 *
 * What was written late stands where it came: it begins no day and no call, and says when it was said.
 */
export function entries(messages: readonly Message[], look: Look): readonly Entry[] {
  const log: Entry[] = [];
  const crossing = new Crossing(look.now);
  messages.forEach((message, index) => {
    const crossed = look.dividers && !message.late ? crossing.before(message) : [];
    log.push(...crossed);
    const before = crossed.length > 0 ? undefined : messages[index - 1];
    log.push(said(message, before, messages[index + 1], look));
  });
  return log;
}

/** Where the lines across a log belong, as one goes down it. */
class Crossing {
  private day = '';
  private callId: string | null = null;
  private answering = '';

  constructor(private readonly now: number) {}

  before(message: Message): Divider[] {
    const found: Divider[] = [];
    const divide = (kind: Divider['kind'], text: string) =>
      found.push({ kind, key: `${kind}:${message.id}`, text });
    const date = new Date(message.startedAt).toDateString();
    if (date !== this.day) divide('day', dayWord(message.startedAt, this.now));
    if (message.callId !== null && message.callId !== this.callId) {
      if (this.callId !== null) divide('call', $localize`Another call`);
      this.callId = message.callId;
      this.answering = '';
    }
    const side = answerer(message);
    const joined =
      side === null || side === this.answering ? null : joining(message, this.answering);
    if (joined !== null) divide('turn', joined);
    this.day = date;
    this.answering = side ?? this.answering;
    return found;
  }
}

function said(
  message: Message,
  before: Message | undefined,
  after: Message | undefined,
  { reader, now }: Look,
): Said {
  const { delivery } = message;
  const sameAfter =
    after !== undefined &&
    goesOn(message, after) &&
    after.delivery === delivery &&
    after.deliveryNote === message.deliveryNote;
  return {
    kind: 'said',
    key: message.id,
    message,
    label: label(message),
    side: side(message.speaker, reader),
    heads: before === undefined || !goesOn(before, message),
    marked:
      message.final &&
      (delivery === 'pending' || delivery === 'failed' || (delivery === 'delivered' && !sameAfter)),
    late: message.late ? lateWord(message.startedAt, now) : null,
  };
}

/** When something was said that was written down later. */
export function lateWord(ms: number, now: number): string {
  const today = new Date(ms).toDateString() === new Date(now).toDateString();
  const when = today ? clockSeconds(ms) : daySeconds(ms);
  return $localize`said at ${when}, written later`;
}

function side(speaker: Speaker, reader: Reader): Said['side'] {
  if (speaker === 'system') return 'middle';
  return (speaker === 'caller') === (reader === 'caller') ? 'right' : 'left';
}

/** What is late stands alone: it does not belong to the sentence before or after it. */
function goesOn(before: Message, message: Message): boolean {
  return (
    !before.late &&
    !message.late &&
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
