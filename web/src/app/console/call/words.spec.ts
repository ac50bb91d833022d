import { parseCallView } from '../../wire/parse';
import { CALL, changed } from '../../wire/vectors';
import { callWord, holdWait, keysWait, pausedWords } from './words';

function call(change: Record<string, unknown>) {
  return parseCallView(changed(CALL, change));
}

describe('callWord', () => {
  it.each([
    ['connecting', false, 'Connecting your audio. The caller hears music.'],
    [
      'connecting',
      true,
      'Connected: say something. The caller hears music until your voice comes.',
    ],
    ['bridged', true, 'You are talking'],
    ['bridged', false, 'Your audio is being connected again'],
    ['held', true, 'On hold: the caller hears music'],
  ])('of a live call that is %s, audible %s', (state, audible, word) => {
    expect(callWord(call({ state }), 'live', audible)).toBe(word);
  });

  it.each([
    ['caller_hung_up', 'Dana Field hung up.'],
    ['operator_hung_up', 'You hung up.'],
    ['bot_hung_up', 'The bot ended the call.'],
    ['line_lost', 'The phone line broke off.'],
    ['shutdown', 'The server was shut down.'],
    ['interrupted', 'The server was restarted, and the call is lost.'],
    ['failed', 'The call failed.'],
    ['something_new', 'The call is over.'],
  ])('says how it ended: %s', (endReason, word) => {
    expect(callWord(call({ state: 'ended', endReason }), 'ended', true)).toBe(word);
  });

  it('says who has it, where it is lost', () => {
    const kim = { id: 'kim', name: 'Kim' };
    expect(callWord(call({ operator: kim }), 'lost', true)).toBe('Kim has this call now.');
    expect(callWord(call({ state: 'handoff' }), 'lost', true)).toContain('offered again');
  });

  it('blames nobody where the bot hands a released call over again', () => {
    const again = call({ state: 'handoff', operator: null, claimedAt: null, bridgedAt: null });
    expect(callWord(again, 'lost', true)).toBe('The bot has handed this call over again.');
  });

  it('says that the bot has it', () => {
    expect(callWord(call({ state: 'bot' }), 'released', true)).toContain('Back with the bot');
  });
});

describe('a line that broke off', () => {
  it('is said in the call, whatever else goes on', () => {
    for (const state of ['connecting', 'bridged', 'held']) {
      expect(callWord(call({ state, line: 'lost' }), 'live', true)).toContain('line broke off');
    }
    expect(callWord(call({ state: 'bot', line: 'lost' }), 'released', true)).toContain('bot');
  });
});

describe('what waits', () => {
  it('is explained while it waits, and only then', () => {
    expect(holdWait('connecting')).toContain('once the caller hears you');
    expect([holdWait('bridged'), holdWait('held')]).toEqual([null, null]);
    expect(keysWait('held')).toContain('on hold');
    expect(keysWait('connecting')).toContain('once the caller hears you');
    expect(keysWait('bridged')).toBeNull();
  });
});

describe('pausedWords', () => {
  it('says what is not written, and who still hears whom', () => {
    expect(pausedWords('bridged')).toMatch(/written down or recorded.*hear each other/);
    expect(pausedWords('held')).toMatch(/written down or recorded.*music/);
    expect(pausedWords('bot')).toMatch(/written down or recorded\.$/);
  });
});
