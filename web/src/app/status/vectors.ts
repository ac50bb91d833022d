/** What the server sends for `/status`, for tests. */

export const HEALTH = { ready: true, missing: {}, calls: 1, counts: { loopBlocked: 0 } };

export const STATUS = {
  version: '0.1.0',
  uptimeS: 93_784,
  ready: true,
  missing: {},
  counts: {},
  calls: [],
  agents: [
    { id: 'a1', name: 'OpenClaw', connectedAt: '2026-11-21T21:10:00.000Z', takeovers: ['c1'] },
  ],
  phones: {
    status: null,
    devices: [
      { serial: 'R58M', state: 'device', model: 'SM_G991B', reverse: true, problem: null },
      {
        serial: 'emulator-5554',
        state: 'unauthorized',
        model: null,
        reverse: false,
        problem: 'Accept the USB debugging prompt on the phone.',
      },
    ],
  },
  engines: {
    stt: { ready: true, problem: null },
    tts: { ready: false, problem: 'Piper is starting again.' },
    llm: { configured: true, model: 'smollm2' },
  },
  outbox: { pending: 3, oldestS: 75 },
};

export const CONFIG = {
  auto_answer: true,
  auto_answer_delay_ms: 500,
  caller_allowlist: [],
  caller_blocklist: ['+4912345678'],
  unknown_callers_allowed: true,
  greeting_owner: 'the owner',
  greeting_incoming: "Hello, this is the owner's assistant.",
  greeting_incoming_template: "Hello, this is {owner}'s assistant.",
  greeting_outgoing: 'Hello.',
  max_duration_sec: 300,
  max_duration_message: 'The time is up. Goodbye.',
  keep_history: false,
  auth_required: false,
  auth_max_attempts: 3,
  auth_reject_message: 'Goodbye.',
};
