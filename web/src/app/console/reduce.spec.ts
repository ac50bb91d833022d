import {
  parseCallView,
  parseIncomingCall,
  parseMessage,
  parseQuality,
  parseWelcome,
} from '../wire/parse';
import { CALL, DECLINED, INCOMING, MESSAGE, QUALITY, WELCOME, changed } from '../wire/vectors';
import { CallState, CallView, IncomingCall, Message } from '../wire/views';
import {
  callChanged,
  claimed,
  declined,
  declinedBy,
  departuresSince,
  dismissed,
  measured,
  offered,
  said,
  threadLoaded,
  welcomed,
  withdrawn,
} from './reduce';
import { ConsoleState, EMPTY, callerName, callerWithin, phaseOf } from './state';

const SAM = { id: 'sam', name: 'Sam' };
const KIM = { id: 'kim', name: 'Kim' };
const NOW = 1_000_000;

function call(state: CallState, change: Record<string, unknown> = {}): CallView {
  return parseCallView(changed(CALL, { state, ...change }));
}

function incoming(change: Record<string, unknown> = {}): IncomingCall {
  return parseIncomingCall(changed(INCOMING, change));
}

function message(change: Record<string, unknown> = {}): Message {
  return parseMessage(changed(MESSAGE, change));
}

function welcome(change: Record<string, unknown> = {}) {
  return parseWelcome(changed(WELCOME, { calls: [], waiting: [], ...change }));
}

const IDLE = welcomed(EMPTY, welcome());
const RINGING = offered(IDLE, incoming());
const TALKING = callChanged(
  claimed(RINGING, { callId: 'c1', operator: SAM }, NOW),
  call('bridged'),
);

function texts(state: ConsoleState, callId = 'c1'): string[] | undefined {
  return state.transcripts.get(callId)?.map((each) => each.text);
}

describe('phaseOf', () => {
  it.each([
    ['connecting', SAM, 'live'],
    ['bridged', SAM, 'live'],
    ['held', SAM, 'live'],
    ['bridged', KIM, 'lost'],
    ['connecting', KIM, 'lost'],
    ['handoff', SAM, 'lost'],
    ['handoff', null, 'lost'],
    ['bot', SAM, 'released'],
    ['bot', null, 'released'],
    ['ended', SAM, 'ended'],
    ['ended', KIM, 'ended'],
  ] as const)('of a call that is %s with %o is %s', (state, operator, phase) => {
    expect(phaseOf(call(state, { operator }), 'sam')).toBe(phase);
  });
});

describe('callerName', () => {
  it('is the name, else the number, else a word', () => {
    expect(callerName({ name: 'Dana', number: '+1' })).toBe('Dana');
    expect(callerName({ name: null, number: '+15555550142' })).toBe('+1 555 555 0142');
    expect(callerName({ name: '', number: '' })).toBe('Unknown caller');
    expect(callerWithin({ name: '', number: '' })).toBe('an unknown caller');
  });
});

describe('declinedBy', () => {
  it('tells whoever is still asked who has declined and why, until the call waits no more', () => {
    let state = declinedBy(RINGING, DECLINED, NOW);
    state = declinedBy(state, { ...DECLINED, operator: { id: 'bob', name: 'Bob' }, reason: '' }, NOW);
    const told = state.declines.get('c1')?.map((each) => [each.operator.name, each.reason]);
    expect(told).toEqual([
      ['Kim', 'Not my area'],
      ['Bob', ''],
    ]);
    expect(declinedBy(state, DECLINED, NOW).declines.get('c1')).toHaveLength(2);
    expect(claimed(state, { callId: 'c1', operator: SAM }, NOW).declines.size).toBe(0);
    expect(declinedBy(IDLE, DECLINED, NOW)).toBe(IDLE);
  });

  it('takes the call off every tab of whoever declined it', () => {
    const state = declinedBy(RINGING, { ...DECLINED, operator: SAM }, NOW);
    expect(state.waiting).toEqual([]);
    expect(state.departures.map((each) => each.because)).toEqual(['declined']);
  });
});

describe('welcomed', () => {
  it('rebuilds everything from the server', () => {
    const state = welcomed(
      EMPTY,
      welcome({ calls: [CALL], waiting: [changed(INCOMING, { callId: 'c2' })] }),
    );
    expect(state.operator?.name).toBe('Sam');
    expect([...state.calls.keys()]).toEqual(['c1']);
    expect(state.mine).toBe('c1');
    expect(state.waiting.map((each) => each.callId)).toEqual(['c2']);
    expect(texts(state, 'c2')).toEqual(['Can I speak to a person?']);
    expect(state.iceServers).toHaveLength(2);
    expect(state.resumePoints).toEqual([{ id: 'n7', label: 'Ask what to order' }]);
  });

  it("makes nobody else's call ours, and none that is with the bot", () => {
    for (const other of [call('bridged', { operator: KIM }), call('bot'), call('handoff')]) {
      const given = { ...welcome(), calls: [other] };
      expect(welcomed(EMPTY, given).mine).toBeNull();
    }
  });

  it('drops what the server does not have any more', () => {
    const state = welcomed(RINGING, welcome());
    expect(state.waiting).toEqual([]);
    expect(state.transcripts.size).toBe(0);
  });

  it('keeps the transcript and figures of a call that goes on, without stale partials', () => {
    let state = said(TALKING, {
      callId: 'c1',
      threadId: 't1',
      message: message({ id: 'p', seq: 0, final: false, text: 'half a sen' }),
    });
    state = measured(state, parseQuality(QUALITY));
    state = welcomed(state, welcome({ calls: [CALL] }));
    expect(texts(state)).toEqual(['Can I speak to a person?']);
    expect(state.quality).toHaveLength(1);
  });

  it('says so when our call is gone after a restart of the server', () => {
    const state = welcomed(TALKING, welcome());
    expect(state.mine).toBe('c1');
    expect(state.calls.get('c1')).toMatchObject({ state: 'ended', endReason: 'interrupted' });
  });

  it('leaves the true reason of a call that had ended before', () => {
    const over = callChanged(TALKING, call('ended', { endReason: 'caller_hung_up' }));
    expect(welcomed(over, welcome()).calls.get('c1')?.endReason).toBe('caller_hung_up');
  });

  it("forgets the other operator's call when somebody else signs in", () => {
    const state = welcomed(TALKING, welcome({ operator: KIM, calls: [CALL] }));
    expect(state.mine).toBeNull();
    expect(state.departures).toEqual([]);
  });
});

describe('offered', () => {
  it('lists calls by how long they have waited', () => {
    const later = incoming({ callId: 'c2', requestedAt: '2026-11-21T21:15:09.000Z' });
    const state = offered(offered(IDLE, later), incoming());
    expect(state.waiting.map((each) => each.callId)).toEqual(['c1', 'c2']);
  });

  it('replaces the offer of a call that is offered again, and takes back that it left', () => {
    const gone = withdrawn(RINGING, { callId: 'c1', reason: 'cancelled' }, NOW);
    expect(gone.departures).toHaveLength(1);
    const again = offered(gone, incoming({ expiresAt: '2026-11-21T21:17:00.000Z' }));
    expect(again.waiting).toHaveLength(1);
    expect(again.waiting[0]?.expiresAt).toBe(Date.UTC(2026, 10, 21, 21, 17));
    expect(again.departures).toEqual([]);
    expect(offered(RINGING, incoming()).waiting).toHaveLength(1);
  });
});

describe('cards that leave', () => {
  it('say who took the call', () => {
    const state = claimed(RINGING, { callId: 'c1', operator: KIM }, NOW);
    expect(state.waiting).toEqual([]);
    expect(state.departures).toEqual([
      { callId: 'c1', who: 'Dana Field', because: 'claimed', by: 'Kim', at: NOW },
    ]);
    expect(state.transcripts.size).toBe(0);
  });

  it('say nothing where we took it ourselves, and keep what was said', () => {
    const state = claimed(RINGING, { callId: 'c1', operator: SAM }, NOW);
    expect(state.waiting).toEqual([]);
    expect(state.departures).toEqual([]);
    expect(texts(state)).toEqual(['Can I speak to a person?']);
  });

  it('leave the reason and the summary with whoever took the call', () => {
    expect(TALKING.brief?.summary).toBe('Wants forty muffins for Friday.');
    expect(welcomed(TALKING, welcome({ calls: [CALL] })).brief).not.toBeNull();
    expect(dismissed(callChanged(TALKING, call('ended'))).brief).toBeNull();
  });

  it.each(['caller_hung_up', 'timed_out', 'cancelled'] as const)('say why: %s', (reason) => {
    const state = withdrawn(RINGING, { callId: 'c1', reason }, NOW);
    expect(state.departures[0]).toMatchObject({ because: reason, by: null });
  });

  it('say that we declined', () => {
    expect(declined(RINGING, 'c1', NOW).departures[0]?.because).toBe('declined');
  });

  it('were there before', () => {
    expect(claimed(IDLE, { callId: 'c1', operator: KIM }, NOW)).toBe(IDLE);
    expect(withdrawn(IDLE, { callId: 'c1', reason: 'timed_out' }, NOW)).toBe(IDLE);
    expect(declined(IDLE, 'c1', NOW)).toBe(IDLE);
  });

  it('are remembered four at a time, and for a while', () => {
    let state = IDLE;
    for (let i = 0; i < 6; i++) {
      state = declined(offered(state, incoming({ callId: `c${i}` })), `c${i}`, NOW + i);
    }
    expect(state.departures.map((each) => each.callId)).toEqual(['c2', 'c3', 'c4', 'c5']);
    expect(departuresSince(state, NOW + 4).departures).toHaveLength(2);
    expect(departuresSince(state, NOW)).toBe(state);
  });
});

describe('callChanged', () => {
  it.each(['connecting', 'bridged', 'held'] as const)('makes a call ours when %s', (to) => {
    expect(callChanged(IDLE, call(to)).mine).toBe('c1');
  });

  it("leaves other people's calls theirs", () => {
    expect(callChanged(IDLE, call('bridged', { operator: KIM })).mine).toBeNull();
  });

  it('forgets calls that end, but not ours', () => {
    const other = callChanged(IDLE, call('bot', { callId: 'c9' }));
    expect(other.calls.has('c9')).toBe(true);
    expect(callChanged(other, call('ended', { callId: 'c9' })).calls.has('c9')).toBe(false);
    const over = callChanged(TALKING, call('ended', { endReason: 'caller_hung_up' }));
    expect(over.mine).toBe('c1');
    expect(over.calls.get('c1')?.endReason).toBe('caller_hung_up');
  });

  it('keeps a released call in sight', () => {
    const state = callChanged(TALKING, call('bot', { operator: null }));
    expect(state.mine).toBe('c1');
    expect(texts(state)).toBeDefined();
  });

  it('replaces the call that was over by the next one, with all that belongs to it', () => {
    let state = measured(TALKING, parseQuality(QUALITY));
    state = callChanged(state, call('ended'));
    state = offered(state, incoming({ callId: 'c2' }));
    state = claimed(state, { callId: 'c2', operator: SAM }, NOW);
    state = callChanged(state, call('connecting', { callId: 'c2' }));
    expect(state.mine).toBe('c2');
    expect([...state.calls.keys()]).toEqual(['c2']);
    expect([...state.transcripts.keys()]).toEqual(['c2']);
    expect(state.quality).toEqual([]);
  });
});

describe('said', () => {
  const partial = message({ id: 'm2', seq: 0, final: false, text: 'I need' });
  const final = message({ id: 'm2', seq: 2, text: 'I need forty muffins.' });

  it('grows the conversation of a waiting call and of ours', () => {
    for (const state of [RINGING, TALKING]) {
      const heard = said(state, { callId: 'c1', threadId: 't1', message: partial });
      expect(texts(heard)).toEqual(['Can I speak to a person?', 'I need']);
      const done = said(heard, { callId: 'c1', threadId: 't1', message: final });
      expect(texts(done)).toEqual(['Can I speak to a person?', 'I need forty muffins.']);
    }
  });

  it('keeps nothing of calls that are not shown', () => {
    expect(said(IDLE, { callId: 'c1', threadId: 't1', message: final })).toBe(IDLE);
    expect(said(TALKING, { callId: 'c7', threadId: 't7', message: final })).toBe(TALKING);
    expect(said(TALKING, { callId: null, threadId: 't1', message: final })).toBe(TALKING);
  });

  it('changes nothing for what changes nothing', () => {
    const done = said(TALKING, { callId: 'c1', threadId: 't1', message: final });
    expect(said(done, { callId: 'c1', threadId: 't1', message: partial })).toBe(done);
  });
});

describe('threadLoaded', () => {
  it('puts what was said before in front, once', () => {
    const earlier = message({ id: 'm0', seq: 0, text: 'Hello, how can I help?', speaker: 'bot' });
    const state = threadLoaded(TALKING, 'c1', [earlier, message()]);
    expect(texts(state)).toEqual(['Hello, how can I help?', 'Can I speak to a person?']);
  });

  it('comes too late for a call that is not shown any more', () => {
    expect(threadLoaded(IDLE, 'c1', [message()])).toBe(IDLE);
  });
});

describe('measured', () => {
  it('keeps two minutes of our own call', () => {
    let state = TALKING;
    for (let i = 0; i < 130; i++) state = measured(state, { ...parseQuality(QUALITY), at: i });
    expect(state.quality).toHaveLength(120);
    expect(state.quality[0]?.at).toBe(10);
    expect(measured(TALKING, { ...parseQuality(QUALITY), callId: 'c7' })).toBe(TALKING);
  });
});

describe('dismissed', () => {
  it('clears a call that is over', () => {
    const state = dismissed(callChanged(TALKING, call('ended')));
    expect(state).toMatchObject({ mine: null, quality: [] });
    expect(state.calls.size).toBe(0);
    expect(state.transcripts.size).toBe(0);
  });

  it('clears a released call, which goes on with the bot', () => {
    const state = dismissed(callChanged(TALKING, call('bot')));
    expect(state.mine).toBeNull();
    expect(state.calls.has('c1')).toBe(true);
  });

  it('does not clear a call that is being spoken', () => {
    expect(dismissed(TALKING)).toBe(TALKING);
    expect(dismissed(IDLE)).toBe(IDLE);
  });
});
