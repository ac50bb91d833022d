import { CommandError, readAck } from './live-socket';
import { parseCallAck, parseNothing, parseSdp } from './parse';
import { CALL } from './vectors';

function failure(ack: unknown, parse: (ack: unknown) => unknown = parseNothing): CommandError {
  try {
    readAck(ack, parse);
  } catch (error) {
    if (error instanceof CommandError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('readAck', () => {
  it('gives what the server answered', () => {
    expect(readAck({ ok: true, sdp: 'v=0' }, parseSdp)).toEqual({ sdp: 'v=0' });
    expect(readAck({ ok: true, call: CALL }, parseCallAck).call.callId).toBe('c1');
  });

  it('throws what the server refused, with who has the call', () => {
    const error = failure({
      ok: false,
      error: { code: 'already_claimed', message: 'Kim has it.' },
      operator: { id: 'kim', name: 'Kim' },
    });
    expect(error).toMatchObject({
      code: 'already_claimed',
      message: 'Kim has it.',
      holder: { name: 'Kim' },
    });
  });

  it.each([null, undefined, 'ok', [], { ok: true }, { ok: false }, { ok: false, error: 'no' }])(
    'says that it does not understand %o',
    (ack) => {
      expect(failure(ack, parseSdp).code).toBe('unreadable');
    },
  );
});
