import { readStats } from './peer';

const NONE = { received: 0, lost: 0, delay: 0, emitted: 0 };

function report(inbound: object, pair: object = {}): [string, unknown][] {
  return [
    ['p', { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.031, ...pair }],
    ['q', { type: 'candidate-pair', nominated: false, currentRoundTripTime: 9 }],
    ['i', { type: 'inbound-rtp', kind: 'audio', jitter: 0.002, ...inbound }],
  ];
}

describe('readStats', () => {
  it('counts loss and buffer since the last report', () => {
    const first = readStats(
      report({
        packetsReceived: 100,
        packetsLost: 0,
        jitterBufferDelay: 960,
        jitterBufferEmittedCount: 48000,
      }),
      NONE,
    );
    expect(first.figures).toEqual({
      rttMs: 31,
      jitterMs: 2,
      lossPct: 0,
      bufferMs: 20,
      received: 100,
    });
    const second = readStats(
      report({
        packetsReceived: 190,
        packetsLost: 10,
        jitterBufferDelay: 2880,
        jitterBufferEmittedCount: 96000,
      }),
      first.counters,
    );
    expect(second.figures).toMatchObject({ lossPct: 10, bufferMs: 40, received: 190 });
  });

  it('has no loss where nothing was sent, and no round trip where no pair was chosen', () => {
    const { figures } = readStats(report({}, { nominated: false }), NONE);
    expect(figures).toEqual({
      rttMs: null,
      jitterMs: 2,
      lossPct: null,
      bufferMs: null,
      received: 0,
    });
  });

  it('does not count packets that came back as negative loss', () => {
    const before = { ...NONE, received: 100, lost: 5 };
    const { figures } = readStats(report({ packetsReceived: 150, packetsLost: 3 }), before);
    expect(figures.lossPct).toBe(0);
  });
});
