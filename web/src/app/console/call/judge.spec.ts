import { parseQuality } from '../../wire/parse';
import { QUALITY } from '../../wire/vectors';
import { judge } from './judge';

const base = parseQuality(QUALITY);
const down = { rttMs: 20, jitterMs: 1, lossPct: 0, bufferMs: 30, received: 100 };

describe('judge', () => {
  it('says nothing before there is a figure', () => {
    expect(judge([], null).grade).toBe('unknown');
  });

  it.each([
    [{}, 'good', 'good'],
    [{ lossPct: 6.2 }, 'poor', 'choppy: your connection loses 6 %'],
    [{ lossPct: 2 }, 'fair', 'now and then choppy: 2 % is lost'],
    [{ rttMs: 420 }, 'poor', 'slow: 0.4 s there and back, so leave pauses'],
    [{ rttMs: 260 }, 'fair', 'a little slow: 0.3 s there and back'],
    [{ jitterMs: 75 }, 'poor', 'uneven: sound comes up to 75 ms late'],
    [{ jitterMs: 31 }, 'fair', 'a little uneven: up to 31 ms late'],
    [{ rttMs: null }, 'good', 'good'],
    [{ lossPct: 8, rttMs: 900 }, 'poor', 'choppy: your connection loses 8 %'],
  ] as const)('of %o is %s', (change, grade, word) => {
    expect(judge([{ ...base, ...change }], down)).toEqual({ grade, word });
  });

  it('takes the worse of both directions', () => {
    expect(judge([base], { ...down, lossPct: 12 }).grade).toBe('poor');
    expect(judge([], { ...down, jitterMs: null, lossPct: null }).grade).toBe('good');
  });

  it('looks at the last five seconds only', () => {
    const bad = Array.from({ length: 20 }, () => ({ ...base, lossPct: 50 }));
    const good = Array.from({ length: 5 }, () => base);
    expect(judge([...bad, ...good], down).grade).toBe('good');
    expect(judge([...good, ...bad], down).grade).toBe('poor');
  });
});
