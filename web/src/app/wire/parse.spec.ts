import {
  parseCallAck,
  parseCallClaimed,
  parseCallDeclined,
  parseCallView,
  parseCallWithdrawn,
  parseCandidate,
  parseDelivery,
  parseIncomingCall,
  parseMessage,
  parseMessages,
  parsePhoneAnswer,
  parsePhoneEnded,
  parsePhoneState,
  parseQuality,
  parseRefusal,
  parseRenegotiate,
  parseSdp,
  parseSearch,
  parseSignedIn,
  parseThread,
  parseThreadDeleted,
  parseThreads,
  parseTimeline,
  parseTranscript,
  parseViewerToken,
  parseWelcome,
} from './parse';
import { WireError } from './read';
import { CALL, DECLINED, INCOMING, MESSAGE, QUALITY, WELCOME, changed } from './vectors';

const SUMMARY = {
  threadId: 't1',
  crmId: 'crm1',
  channelId: null,
  number: '+15550100',
  lastAt: '2026-11-21T21:15:01.900Z',
  messageCount: 12,
};

const GOOD: readonly [string, (value: unknown) => unknown, object][] = [
  ['message', parseMessage, MESSAGE],
  ['call', parseCallView, CALL],
  ['incoming call', parseIncomingCall, INCOMING],
  ['welcome', parseWelcome, WELCOME],
  ['claim', parseCallClaimed, { callId: 'c1', operator: { id: 'kim', name: 'Kim' } }],
  ['decline', parseCallDeclined, DECLINED],
  ['withdrawal', parseCallWithdrawn, { callId: 'c1', reason: 'timed_out' }],
  ['transcript', parseTranscript, { callId: 'c1', threadId: 't1', message: MESSAGE }],
  ['quality', parseQuality, QUALITY],
  ['candidate', parseCandidate, { candidate: { candidate: 'x', sdpMid: '0', sdpMLineIndex: 0 } }],
  ['renegotiate', parseRenegotiate, { reason: 'codec', codec: 'pcmu' }],
  ['refusal', parseRefusal, { ok: false, error: { code: 'gone', message: 'It is over.' } }],
  ['timeline', parseTimeline, [{ event: 'call_started', ms: 0 }]],
  ['threads', parseThreads, [SUMMARY]],
  ['thread', parseThread, { threadId: 't1', messages: [MESSAGE] }],
  ['delivery', parseDelivery, { threadId: 't1', id: 'm1', seq: 1, delivery: 'failed' }],
  ['deletion', parseThreadDeleted, { threadId: 't1' }],
  [
    'search',
    parseSearch,
    {
      results: [
        {
          threadId: 't1',
          seq: 4,
          startedAt: CALL.startedAt,
          speaker: 'caller',
          name: null,
          snippet: [{ text: 'muffins', match: true }],
        },
      ],
    },
  ],
  ['viewer token', parseViewerToken, { token: 'x', expiresAt: CALL.startedAt, url: '/threads/t1' }],
  ['login', parseSignedIn, { token: 'x', operator: WELCOME.operator }],
  ['phone state', parsePhoneState, CALL],
  ['phone end', parsePhoneEnded, { reason: 'caller_hung_up' }],
  ['phone answer', parsePhoneAnswer, { callId: 'c1', threadId: 't1', sdp: 'v=0' }],
  ['sdp', parseSdp, { ok: true, sdp: 'v=0' }],
  ['call ack', parseCallAck, { ok: true, call: CALL }],
  ['messages ack', parseMessages, { ok: true, messages: [MESSAGE] }],
];

describe('every parser', () => {
  it.each(GOOD)('reads a good %s and ignores what it does not know', (_name, parse, good) => {
    const more = Array.isArray(good) ? good : { ...good, somethingNew: { deep: [1] } };
    expect(parse(more)).toEqual(parse(good));
  });

  it.each(GOOD)('refuses what is no %s', (_name, parse) => {
    for (const bad of [undefined, null, 7, 'text', true, [null], [[]]]) {
      expect(() => parse(bad)).toThrow(WireError);
    }
  });
});

describe('messages', () => {
  it('have their times as milliseconds', () => {
    const read = parseMessage(MESSAGE);
    expect(read.startedAt).toBe(Date.UTC(2026, 10, 21, 21, 15, 0, 123));
    expect(read).toMatchObject({ id: 'm1', seq: 1, speaker: 'caller', final: true });
  });

  it('may lack a name and a call', () => {
    const read = parseMessage(changed(MESSAGE, { name: undefined, callId: null }));
    expect(read.name).toBeNull();
    expect(read.callId).toBeNull();
  });

  it.each([
    ['speaker', 'parrot', 'message.speaker'],
    ['startedAt', 'yesterday-ish', 'message.startedAt'],
    ['final', 'yes', 'message.final'],
    ['seq', '1', 'message.seq'],
    ['text', null, 'message.text'],
    ['delivery', 'lost', 'message.delivery'],
  ])('with a wrong %s are refused by path', (field, value, path) => {
    expect(() => parseMessage(changed(MESSAGE, { [field]: value }))).toThrow(
      expect.objectContaining({ path }),
    );
  });
});

describe('calls', () => {
  it('may be without operator, queue and later times', () => {
    const read = parseCallView(
      changed(CALL, { operator: null, queue: null, handoffAt: null, bridgedAt: undefined }),
    );
    expect(read).toMatchObject({ operator: null, queue: null, handoffAt: null, bridgedAt: null });
  });

  it('may end for a reason that this page does not know', () => {
    expect(parseCallView(changed(CALL, { endReason: 'meteorite' })).endReason).toBe('other');
    expect(parseCallView(changed(CALL, { endReason: 'line_lost' })).endReason).toBe('line_lost');
  });

  it('may come from a caller without a number', () => {
    const read = parseCallView(changed(CALL, { caller: { provider: 'softphone' } }));
    expect(read.caller).toEqual({ number: '', name: null, provider: 'softphone' });
  });

  it('with a nested fault are refused by the whole path', () => {
    const bad = changed(WELCOME, { calls: [CALL, changed(CALL, { caller: { number: 5 } })] });
    expect(() => parseWelcome(bad)).toThrow(
      expect.objectContaining({ path: 'welcome.calls[1].caller.number' }),
    );
  });
});

describe('the welcome', () => {
  it('keeps ICE servers as the browser takes them', () => {
    expect(parseWelcome(WELCOME).iceServers).toEqual(WELCOME.iceServers);
    const single = changed(WELCOME, { iceServers: [{ urls: 'stun:a.example:3478' }] });
    expect(parseWelcome(single).iceServers).toEqual([{ urls: 'stun:a.example:3478' }]);
  });

  it('of a server without resume points has none', () => {
    expect(parseWelcome(changed(WELCOME, { resumePoints: undefined })).resumePoints).toEqual([]);
  });
});

describe('candidates', () => {
  it('end with null', () => {
    expect(parseCandidate({ candidate: null })).toBeNull();
  });

  it('need a text', () => {
    expect(() => parseCandidate({ candidate: { sdpMid: '0' } })).toThrow(WireError);
  });
});

describe('refusals', () => {
  it('say who has the call', () => {
    const read = parseRefusal({
      ok: false,
      error: { code: 'already_claimed', message: 'Kim has it.' },
      operator: { id: 'kim', name: 'Kim' },
    });
    expect(read).toEqual({
      code: 'already_claimed',
      message: 'Kim has it.',
      holder: { id: 'kim', name: 'Kim' },
    });
  });
});

describe('quality', () => {
  it('has no round trip until it is known', () => {
    expect(parseQuality(changed(QUALITY, { rttMs: null })).rttMs).toBeNull();
  });

  it('refuses figures that are none', () => {
    expect(() => parseQuality({ ...QUALITY, jitterMs: Number.NaN })).toThrow(WireError);
  });
});

describe('what a server of before does not say', () => {
  it('is what it always was', () => {
    expect(parseMessage(MESSAGE)).toMatchObject({ late: false, deliveryNote: null });
    expect(parseCallView(CALL)).toMatchObject({
      transcript: 'on',
      line: 'up',
      reason: null,
      summary: null,
    });
    expect(parseQuality(QUALITY).transcriptBehindS).toBe(0);
    expect(parsePhoneAnswer({ callId: 'c1', threadId: 't1', sdp: 'v=0' }).secret).toBeNull();
    expect(parseMessages({ ok: true, messages: [] }).more).toBe(false);
  });

  it('is read where a newer one says it', () => {
    expect(parseMessage(changed(MESSAGE, { late: true })).late).toBe(true);
    expect(parseCallView(changed(CALL, { transcript: 'paused', line: 'lost' }))).toMatchObject({
      transcript: 'paused',
      line: 'lost',
    });
    expect(parseQuality(changed(QUALITY, { transcriptBehindS: 7.5 })).transcriptBehindS).toBe(7.5);
    expect(parseMessages({ ok: true, messages: [MESSAGE], more: true }).more).toBe(true);
  });
});
