import { readKept } from './parse';

describe('the call that a page was in', () => {
  const KEPT = { callId: 'c1', threadId: 't1', startedAt: 500 };

  it('comes back with its secret, and of an older page without one', () => {
    expect(readKept({ ...KEPT, secret: 's3cret', other: 1 })).toEqual({
      ...KEPT,
      secret: 's3cret',
    });
    expect(readKept(KEPT)).toEqual({ ...KEPT, secret: null });
  });

  it.each([null, 7, 'c1', {}, { ...KEPT, callId: 1 }, { ...KEPT, startedAt: 'now' }])(
    'is none where %o is kept',
    (value) => expect(readKept(value)).toBeNull(),
  );
});
