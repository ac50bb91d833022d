import { PhoneState } from '../wire/views';
import {
  IDLE,
  PhoneView,
  answered,
  asking,
  calling,
  changed,
  connected,
  ended,
  introduced,
  lost,
  pressed,
  resumed,
} from './reduce';

const ANSWER = { callId: 'c1', threadId: 't1', sdp: '', secret: 's3cret' };
const STATE: PhoneState = {
  callId: 'c1',
  state: 'bot',
  speaker: 'bot',
  endedAt: null,
  endReason: null,
};

function talking(state: Partial<PhoneState> = {}): PhoneView {
  return changed(answered(calling(), ANSWER), { ...STATE, ...state }, 1000);
}

describe('a call', () => {
  it('begins when it is heard, and not when it is answered', () => {
    const dialled = answered(calling(), ANSWER);
    expect(dialled).toMatchObject({
      phase: 'calling',
      callId: 'c1',
      startedAt: null,
      secret: 's3cret',
    });
    expect(connected(dialled, 1000)).toMatchObject({ phase: 'talking', startedAt: 1000 });
  });

  it('keeps its beginning whichever comes first, the sound or the news', () => {
    expect(changed(connected(calling(), 900), STATE, 1000).startedAt).toBe(900);
    expect(connected(talking(), 2000).startedAt).toBe(1000);
  });

  it('takes no news of another call, nor of any before or after', () => {
    const other = { ...STATE, callId: 'c0' };
    for (const view of [IDLE, asking(), talking(), ended(talking(), 'line_lost', 1)]) {
      expect(changed(view, other, 2000)).toBe(view);
    }
  });

  it('knows a person by name for as long as they have it', () => {
    const bridged = introduced(talking({ state: 'bridged', speaker: 'human' }), 'Sam');
    expect(bridged.person).toBe('Sam');
    expect(changed(bridged, { ...STATE, state: 'held' }, 2000).person).toBe('Sam');
    expect(changed(bridged, STATE, 2000).person).toBeNull();
    expect(introduced(talking(), 'Sam').person).toBeNull();
  });

  it('ends by the news, with the reason', () => {
    const over = talking({ state: 'ended', endReason: 'operator_hung_up' });
    expect(over).toMatchObject({ phase: 'ended', ending: 'operator_hung_up', endedAt: 1000 });
  });
});

describe('ended', () => {
  it('keeps the first reason', () => {
    const over = ended(talking(), 'caller_hung_up', 2000);
    expect(ended(over, 'line_lost', 3000)).toBe(over);
  });

  it.each(['gone', 'gave_up', 'line_lost'])('lets the server correct the guess %s', (guess) => {
    const over = ended(ended(talking(), guess, 2000), 'shutdown', 3000);
    expect(over).toMatchObject({ ending: 'shutdown', endedAt: 2000 });
  });

  it('changes nothing where there was no call', () => {
    expect(ended(IDLE, 'gone', 1)).toBe(IDLE);
    expect(ended(asking(), 'gone', 1)).toMatchObject({ phase: 'asking' });
  });
});

describe('a lost connection', () => {
  it('is known since it was lost first, until it is back', () => {
    const away = lost(lost(talking(), 5000), 6000);
    expect(away.lostAt).toBe(5000);
    expect(changed(away, STATE, 7000).lostAt).toBe(5000);
    expect(connected(away, 7000)).toMatchObject({ lostAt: null, startedAt: 1000 });
  });

  it('goes on with the call that the page was in before it was loaded again', () => {
    const back = resumed({ callId: 'c1', threadId: 't1', startedAt: 500, secret: 's3cret' }, 9000);
    expect(back).toMatchObject({ phase: 'talking', startedAt: 500, lostAt: 9000 });
    expect(connected(back, 9500)).toMatchObject({ startedAt: 500, lostAt: null });
  });
});

describe('pressed', () => {
  it('shows the last digits', () => {
    const view = Array.from('1234567890*#1234567890*#9').reduce(pressed, talking());
    expect(view.digits).toBe('234567890*#1234567890*#9');
  });
});
