import { CallConfig } from './values';

/** `auth_passphrase` is written and never read. */
export type Key = keyof CallConfig | 'auth_passphrase';

/** What a field holds while it is edited: a switch's position, or a text. */
export type Held = boolean | string;

interface Common {
  readonly key: Key;
  readonly label: string;
  readonly hint?: string;
}

/** `line`: one line that may not be empty; `numbers`: telephone numbers, one a line. */
export type Field =
  | (Common & { readonly kind: 'flag' | 'line' | 'numbers' | 'secret' })
  | (Common & { readonly kind: 'whole'; readonly least: number; readonly most: number });

export interface Group {
  readonly title: string;
  readonly fields: readonly Field[];
}

const NUMBERS_HINT = $localize`One number a line, such as +49 123 456789`;
const OWNER_HINT = $localize`{owner} stands for the owner's name`;

/** The form, from top to bottom. */
export const GROUPS: readonly Group[] = [
  {
    title: $localize`Answering`,
    fields: [
      { key: 'auto_answer', kind: 'flag', label: $localize`Answer calls` },
      {
        key: 'auto_answer_delay_ms',
        kind: 'whole',
        label: $localize`Wait before answering (ms)`,
        least: 0,
        most: 60_000,
      },
      {
        key: 'keep_history',
        kind: 'flag',
        label: $localize`Go on in a number's earlier thread when it calls again`,
      },
    ],
  },
  {
    title: $localize`Who may call`,
    fields: [
      {
        key: 'caller_allowlist',
        kind: 'numbers',
        label: $localize`Only these numbers`,
        hint: $localize`One number a line; empty for everybody`,
      },
      {
        key: 'caller_blocklist',
        kind: 'numbers',
        label: $localize`Never these numbers`,
        hint: NUMBERS_HINT,
      },
      {
        key: 'unknown_callers_allowed',
        kind: 'flag',
        label: $localize`Take calls without a number`,
      },
    ],
  },
  {
    title: $localize`Greetings`,
    fields: [
      { key: 'greeting_owner', kind: 'line', label: $localize`Owner's name` },
      {
        key: 'greeting_incoming',
        kind: 'line',
        label: $localize`To whoever calls`,
        hint: OWNER_HINT,
      },
      {
        key: 'greeting_outgoing',
        kind: 'line',
        label: $localize`To whoever is called`,
        hint: OWNER_HINT,
      },
    ],
  },
  {
    title: $localize`Longest call`,
    fields: [
      {
        key: 'max_duration_sec',
        kind: 'whole',
        label: $localize`Ends after (seconds)`,
        least: 10,
        most: 86_400,
      },
      {
        key: 'max_duration_message',
        kind: 'line',
        label: $localize`What the caller is told then`,
      },
    ],
  },
  {
    title: $localize`Passphrase`,
    fields: [
      { key: 'auth_required', kind: 'flag', label: $localize`Ask callers for a passphrase` },
      { key: 'auth_passphrase', kind: 'secret', label: $localize`Passphrase` },
      {
        key: 'auth_max_attempts',
        kind: 'whole',
        label: $localize`Attempts`,
        hint: $localize`0 for as many as they like`,
        least: 0,
        most: 100,
      },
      {
        key: 'auth_reject_message',
        kind: 'line',
        label: $localize`What a caller without it is told`,
      },
    ],
  },
];

const MOST_TEXT = 1000;
const MOST_NUMBERS = 1000;
const NUMBER = /^\+?\d{2,20}$/;

/** What `field` holds before anybody edits it; null where this server has no such key. */
export function held(field: Field, config: CallConfig): Held | null {
  if (field.key === 'auth_passphrase') return config.auth_required === null ? null : '';
  const value = config[field.key];
  if (value === null || typeof value === 'boolean') return value;
  return typeof value === 'object' ? value.join('\n') : String(value);
}

/** `text` as it is sent. */
export function sent(field: Field, text: Held): unknown {
  if (typeof text === 'boolean') return text;
  if (field.kind === 'numbers') return numbersOf(text);
  if (field.kind === 'whole') return Number(text);
  // What was pasted may have line breaks, and is one line all the same.
  return text.trim().replace(/\s+/g, ' ');
}

/** A sentence where `text` cannot be what `field` asks for; null where it can. */
export function wrong(field: Field, text: Held): string | null {
  if (typeof text === 'boolean') return null;
  switch (field.kind) {
    case 'whole':
      return isWhole(text, field.least, field.most)
        ? null
        : $localize`Type a whole number from ${field.least} to ${field.most}.`;
    case 'numbers':
      return wrongNumbers(numbersOf(text));
    case 'line':
      return text.trim() ? tooLong(text) : $localize`Type what is to be said.`;
    default:
      return tooLong(text);
  }
}

function isWhole(text: string, least: number, most: number): boolean {
  const value = Number(text);
  return /^\s*\d+\s*$/.test(text) && value >= least && value <= most;
}

/** The numbers in `text`, without the marks that people put between digits. */
function numbersOf(text: string): readonly string[] {
  const plain = text.split(/[\n,;]/).map((number) => number.replace(/[\s\-()./]/g, ''));
  return [...new Set(plain.filter(Boolean))];
}

function wrongNumbers(numbers: readonly string[]): string | null {
  const bad = numbers.find((number) => !NUMBER.test(number));
  if (bad !== undefined) return $localize`${bad} is no telephone number.`;
  return numbers.length > MOST_NUMBERS
    ? $localize`These are more than ${MOST_NUMBERS} numbers.`
    : null;
}

function tooLong(text: string): string | null {
  return text.trim().length > MOST_TEXT
    ? $localize`This is longer than ${MOST_TEXT} characters.`
    : null;
}
