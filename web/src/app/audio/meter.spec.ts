import { SILENCE_DB, decibels, loudest, meterShare } from './meter';

describe('decibels', () => {
  it('of digital silence are at the bottom, of full scale at the top', () => {
    expect(decibels(new Float32Array(64))).toBe(SILENCE_DB);
    expect(decibels(new Float32Array(64).fill(1))).toBe(0);
    expect(decibels([])).toBe(SILENCE_DB);
  });

  it('fall by 20 for a tenth of the amplitude', () => {
    expect(decibels(new Float32Array(64).fill(0.1))).toBeCloseTo(-20, 4);
  });
});

describe('loudest', () => {
  it('finds a short sound in a long silence', () => {
    const samples = new Float32Array(32_768);
    expect(loudest(samples, 2048)).toBe(SILENCE_DB);
    samples.fill(0.1, 4096, 6144);
    expect(loudest(samples, 2048)).toBeCloseTo(-20, 4);
  });
});

describe('meterShare', () => {
  it('stays between nothing and all', () => {
    expect([SILENCE_DB, -60, -33, -6, 0].map(meterShare)).toEqual([0, 0, 0.5, 1, 1]);
  });
});
