import { parseCallView } from '../wire/parse';
import { CALL, changed } from '../wire/vectors';
import { talkingSince } from './state';

const CLAIMED = '2026-11-21T21:15:05.000Z';
const LATER = '2026-11-21T21:15:30.000Z';

function since(change: Record<string, unknown>) {
  return talkingSince(parseCallView(changed(CALL, change)));
}

describe('talkingSince', () => {
  it('is when the audio came, for the first who takes the call', () => {
    expect(since({ claimedAt: CLAIMED, bridgedAt: LATER })).toBe(Date.parse(LATER));
    expect(since({ claimedAt: CLAIMED, bridgedAt: null })).toBe(Date.parse(CLAIMED));
  });

  it('is not when somebody before them was bridged', () => {
    expect(since({ claimedAt: LATER, bridgedAt: CLAIMED })).toBe(Date.parse(LATER));
  });

  it('is nothing for a call that nobody has', () => {
    expect(since({ claimedAt: null, bridgedAt: null })).toBeNull();
  });
});
