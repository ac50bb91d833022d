import { parseQuality } from '../../wire/parse';
import { QUALITY, changed } from '../../wire/vectors';
import { behind } from './behind';

const after = (...seconds: number[]) =>
  behind(seconds.map((each) => parseQuality(changed(QUALITY, { transcriptBehindS: each }))));

describe('behind', () => {
  it('says nothing of what is hardly noticed', () => {
    expect(after()).toBeNull();
    expect(after(0, 2.9)).toBeNull();
    expect(after(3)).toBe(3);
  });

  it('stays until it is clearly over, and then comes back only when it is clearly so', () => {
    expect(after(3, 2.4)).toBe(2);
    expect(after(3, 2.4, 2.9, 2.1)).toBe(2);
    expect(after(3, 1.9)).toBeNull();
    expect(after(3, 1.9, 2.9)).toBeNull();
  });

  it('names long delays in steps', () => {
    expect([9.4, 11, 12.4, 13, 48].map((each) => after(each))).toEqual([9, 10, 10, 15, 50]);
  });
});
