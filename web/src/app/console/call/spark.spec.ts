import { sparkline } from './spark';

describe('sparkline', () => {
  it('has the newest at the right and stays inside', () => {
    expect(sparkline([0, 50, 100], 100)).toBe('M118 27 L119 14 L120 1');
  });

  it('grows with what is more than full', () => {
    expect(sparkline([100, 200], 100)).toBe('M119 14 L120 1');
  });

  it('shows nothing of nothing, and two minutes of more', () => {
    expect(sparkline([], 100)).toBe('');
    expect(sparkline(Array<number>(500).fill(1), 100).split(' L')).toHaveLength(120);
  });
});
