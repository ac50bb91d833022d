import { seqIn, tokenIn, viewerLink } from './link';

const viewer = { token: 'a.b+c/d', expiresAt: 0, url: '' };

describe('viewerLink', () => {
  it('keeps the token behind the #, where no server sees it', () => {
    const link = new URL(viewerLink('t 1', viewer, 'http://127.0.0.1:8996'));
    expect(link.origin).toBe('http://127.0.0.1:8996');
    expect(link.pathname).toBe('/threads/t%201');
    expect(link.search).toBe('');
    expect(tokenIn(link.hash.slice(1))).toBe('a.b+c/d');
  });

  it("uses the server's own origin where it names one", () => {
    const url = 'https://calls.example.org/threads/t1?token=x';
    expect(viewerLink('t1', { ...viewer, url }, 'http://127.0.0.1:8996')).toMatch(
      /^https:\/\/calls\.example\.org\/threads\/t1#token=/,
    );
  });
});

describe('tokenIn', () => {
  it('finds none where there is none', () => {
    expect([null, '', 'token=', 'top'].map(tokenIn)).toEqual([null, null, null, null]);
  });
});

describe('seqIn', () => {
  it('is the message that the address leads to', () => {
    expect([null, '', 'seq-12', 'seq-x', 'token=ab&seq-3', 'seq-1x'].map(seqIn)).toEqual([
      null,
      null,
      12,
      null,
      3,
      null,
    ]);
  });
});
