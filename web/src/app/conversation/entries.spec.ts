import { parseMessage } from '../wire/parse';
import { MESSAGE, changed } from '../wire/vectors';
import { Message } from '../wire/views';
import { Entry, Said, entries as entriesOf } from './entries';

// Local times, so that the day is the same wherever the test runs.
const NOON = new Date(2026, 10, 21, 12).getTime();
const MINUTE = 60_000;
let seq = 0;

function say(speaker: string, name: string | null, change: Record<string, unknown> = {}): Message {
  seq += 1;
  const at = new Date(NOON + seq * 1000).toISOString();
  return parseMessage(
    changed(MESSAGE, { id: `m${seq}`, seq, speaker, name, startedAt: at, endedAt: at, ...change }),
  );
}

const entries = (messages: readonly Message[], now: number) =>
  entriesOf(messages, { reader: 'operator', dividers: true, now });

const dividers = (log: readonly Entry[]) =>
  log.flatMap((entry) => (entry.kind === 'said' ? [] : [`${entry.kind}: ${entry.text}`]));
const saids = (log: readonly Entry[]) =>
  log.filter((entry): entry is Said => entry.kind === 'said');

beforeEach(() => (seq = 0));

describe('entries', () => {
  it('says who joined and that the bot is back, and nothing where the same side goes on', () => {
    const log = entries(
      [
        say('bot', null),
        say('caller', 'Dana'),
        say('bot', null),
        say('human', 'Sam'),
        say('caller', 'Dana'),
        say('human', 'Sam'),
        say('system', null),
        say('bot', null),
      ],
      NOON,
    );
    expect(dividers(log)).toEqual([
      'day: Today',
      'turn: Sam joined',
      'turn: Back with the assistant',
    ]);
  });

  it('says who took over from whom', () => {
    const log = entries([say('human', 'Sam'), say('human', 'Kim'), say('agent', null)], NOON);
    expect(dividers(log).slice(1)).toEqual([
      'turn: Sam joined',
      'turn: Kim joined',
      'turn: Software agent took over',
    ]);
  });

  it('divides days and calls', () => {
    const yesterday = new Date(NOON - 24 * 60 * MINUTE).toISOString();
    const log = entries(
      [
        say('bot', null, { startedAt: yesterday }),
        say('human', 'Sam', { startedAt: yesterday }),
        say('bot', null, { callId: 'c2' }),
      ],
      NOON,
    );
    expect(dividers(log)).toEqual([
      'day: Yesterday',
      'turn: Sam joined',
      'day: Today',
      'call: Another call',
    ]);
  });

  it('names a speaker once for a run, and again after a divider', () => {
    const log = entries(
      [
        say('bot', null),
        say('bot', null),
        say('bot', null, { callId: 'c2' }),
        say('bot', null, {
          callId: 'c2',
          startedAt: new Date(NOON + 10 * MINUTE).toISOString(),
        }),
      ],
      NOON,
    );
    expect(saids(log).map((entry) => entry.heads)).toEqual([true, false, true, true]);
  });

  it('puts the caller left, answers right and notes in the middle', () => {
    const log = entries([say('caller', null), say('bot', null), say('system', null)], NOON);
    expect(saids(log).map((entry) => entry.side)).toEqual(['left', 'right', 'middle']);
  });

  it('marks a delivered run once, and each message that is not delivered', () => {
    const log = entries(
      (['delivered', 'delivered', 'failed', 'pending', 'local'] as const).map((delivery) =>
        say('caller', 'Dana', { delivery }),
      ),
      NOON,
    );
    expect(saids(log).map((entry) => entry.marked)).toEqual([false, true, true, true, false]);
  });

  it('has a key of its own for each entry', () => {
    const log = entries([say('bot', null), say('human', 'Sam'), say('bot', null)], NOON);
    expect(new Set(log.map((entry) => entry.key)).size).toBe(log.length);
  });

  it('lets what was written late begin no day, no call and no turn', () => {
    const yesterday = new Date(NOON - 24 * 60 * MINUTE).toISOString();
    const log = entries(
      [
        say('bot', null),
        say('caller', 'Dana', { startedAt: yesterday, callId: 'c0', late: true }),
        say('human', 'Sam', { startedAt: yesterday, callId: 'c0', late: true }),
        say('bot', null),
      ],
      NOON,
    );
    expect(dividers(log)).toEqual(['day: Today']);
    expect(saids(log).map((entry) => entry.heads)).toEqual([true, true, true, true]);
    expect(saids(log).map((entry) => entry.late !== null)).toEqual([false, true, true, false]);
  });
});
