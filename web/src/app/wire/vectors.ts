/** What the server really sends, for tests: one good example of each event. */

export const MESSAGE = {
  id: 'm1',
  threadId: 't1',
  callId: 'c1',
  seq: 1,
  speaker: 'caller',
  name: 'Dana Field',
  text: 'Can I speak to a person?',
  final: true,
  startedAt: '2026-11-21T21:15:00.123Z',
  endedAt: '2026-11-21T21:15:01.900Z',
  delivery: 'local',
};

export const CALL = {
  callId: 'c1',
  threadId: 't1',
  crmId: 'crm1',
  channelId: 'ch1',
  provider: 'twilio',
  caller: { number: '+15550100', name: 'Dana Field', provider: 'twilio' },
  state: 'bridged',
  speaker: 'human',
  queue: 'orders',
  operator: { id: 'sam', name: 'Sam' },
  startedAt: '2026-11-21T21:14:30.000Z',
  handoffAt: '2026-11-21T21:15:02.000Z',
  claimedAt: '2026-11-21T21:15:05.000Z',
  bridgedAt: '2026-11-21T21:15:05.120Z',
  endedAt: null,
  endReason: null,
  endedBy: null,
};

export const INCOMING = {
  callId: 'c1',
  threadId: 't1',
  crmId: 'crm1',
  channelId: 'ch1',
  caller: { number: '+15550100', name: 'Dana Field', provider: 'twilio' },
  queue: 'orders',
  reason: 'The caller asked for a person.',
  summary: 'Wants forty muffins for Friday.',
  transcript: [MESSAGE],
  requestedAt: '2026-11-21T21:15:02.000Z',
  expiresAt: '2026-11-21T21:15:47.000Z',
};

export const DECLINED = {
  callId: 'c1',
  operator: { id: 'kim', name: 'Kim' },
  reason: 'Not my area',
};

export const WELCOME = {
  operator: { id: 'sam', name: 'Sam', roles: ['operator'] },
  calls: [CALL],
  waiting: [INCOMING],
  iceServers: [
    { urls: ['stun:stun.example.org:3478'] },
    { urls: ['turn:turn.example.org:3478'], username: 'u', credential: 'p' },
  ],
  resumePoints: [{ id: 'n7', label: 'Ask what to order' }],
  serverTime: '2026-11-21T21:15:05.000Z',
};

export const QUALITY = {
  callId: 'c1',
  at: '2026-11-21T21:15:06.000Z',
  rttMs: 31.5,
  jitterMs: 2.1,
  lossPct: 0,
  bufferMs: 20,
  callerLevel: -32.5,
  operatorLevel: -28.1,
};

/** A copy of `base` with one field replaced; `undefined` takes it away. */
export function changed<T extends object>(base: T, change: Record<string, unknown>): unknown {
  return JSON.parse(JSON.stringify({ ...base, ...change }));
}
