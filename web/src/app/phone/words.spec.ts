import { PhoneState } from '../wire/views';
import { IDLE, PhoneView, asking, calling, ended } from './reduce';
import { refusal, standing } from './words';

function talking(change: Partial<PhoneState>, view: Partial<PhoneView> = {}): PhoneView {
  const call: PhoneState = {
    callId: 'c1',
    state: 'bot',
    speaker: 'bot',
    endedAt: null,
    endReason: null,
    ...change,
  };
  return { ...IDLE, phase: 'talking', call, ...view };
}

const title = (view: PhoneView) => standing(view).title;

describe('standing', () => {
  it('says in each state who is there', () => {
    expect(
      [
        asking(),
        calling(),
        talking({}),
        talking({ state: 'handoff', speaker: 'hold' }),
        talking({ state: 'connecting', speaker: 'hold' }),
        talking({ state: 'bridged', speaker: 'human' }, { person: 'Sam' }),
        talking({ state: 'bridged', speaker: 'human' }),
        talking({ state: 'held', speaker: 'hold' }, { person: 'Sam' }),
        talking({}, { lostAt: 1 }),
      ].map(title),
    ).toEqual([
      'Waiting for the microphone',
      'Calling…',
      'Talking to the assistant',
      'Waiting for a person',
      'Somebody is being connected',
      'Talking to Sam',
      'Talking to a person',
      'On hold',
      'Connecting again…',
    ]);
  });

  it('says why it ended, and what to do where something went wrong', () => {
    const over = (reason: string, view = talking({})) => standing(ended(view, reason, 1));
    expect(over('caller_hung_up').title).toBe('You hung up');
    expect(over('operator_hung_up', talking({}, { person: 'Sam' })).title).toBe(
      'Sam ended the call',
    );
    const troubles = ['line_lost', 'gone', 'no_audio', 'over_capacity', 'shutdown', 'brand_new'];
    for (const reason of troubles) expect(over(reason).more, reason).not.toBe('');
  });
});

describe('refusal', () => {
  it("gives the server's own sentence where it knows no better", () => {
    expect(refusal('bad_sdp', 'The offer is garbage.').more).toBe('The offer is garbage.');
    expect(refusal('over_capacity', 'x').title).toBe('All lines are busy');
  });
});
