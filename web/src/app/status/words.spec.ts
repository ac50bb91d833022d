import { CALL, changed } from '../wire/vectors';
import { parseLiveCalls, parseStatus } from './parse';
import { STATUS } from './vectors';
import {
  agentName,
  deviceState,
  engineFact,
  modelFact,
  outboxFact,
  sessionCard,
  uptime,
} from './words';

const { agents, phones } = parseStatus(STATUS);

function card(change: Record<string, unknown>) {
  const [call] = parseLiveCalls([changed(CALL, change)]);
  if (!call) throw new Error('no call');
  return sessionCard(call, agents);
}

describe('the words of the status page', () => {
  it('says for how long a server has been up', () => {
    expect(uptime(75)).toBe('1:15');
    expect(uptime(93_784)).toBe('1 day and 2:03:04');
    expect(uptime(864_000)).toBe('10 days and 0:00');
  });

  it.each([
    [{ callId: 'x' }, 'With a person', 'A person', 'Sam'],
    [{ callId: 'x', state: 'held', speaker: 'hold' }, 'On hold', 'Hold music', 'Sam'],
    [
      { callId: 'x', state: 'handoff', speaker: 'hold', operator: null },
      'Waiting for a person',
      'Hold music',
      'Nobody yet',
    ],
    [
      { callId: 'x', state: 'bot', speaker: 'bot' },
      'With the assistant',
      'The assistant',
      'The assistant',
    ],
    [
      { callId: 'c1', state: 'bot', speaker: 'agent' },
      'With a software agent',
      'A software agent',
      'OpenClaw',
    ],
    [
      { callId: 'x', state: 'bot', speaker: 'agent', agent: { id: 'a2', name: 'Robin' } },
      'With a software agent',
      'A software agent',
      'Robin',
    ],
    [{ callId: 'x', line: 'lost' }, 'Line lost', 'A person', 'Sam'],
  ])('says of %j who holds it', (change, state, hears, holder) => {
    expect(card(change)).toMatchObject({ state, hears, holder });
  });

  it('names a caller as well as it can', () => {
    expect(card({})).toMatchObject({ title: 'Dana Field', number: '+15 550 100' });
    const hidden = { number: '', name: null, provider: 'twilio' };
    expect(card({ caller: hidden })).toMatchObject({ title: 'Unknown caller', number: '' });
  });

  it('names an agent as well as it can', () => {
    const nameless = { id: 'a2', name: null, connectedAt: null, takeovers: [] };
    expect(agentName(nameless)).toBe('a2');
    expect(agentName({ ...nameless, id: null })).toBe('A software agent');
  });

  it('tells an engine that is not ready from one that nobody speaks of', () => {
    expect(engineFact('Speech', { ready: false, problem: 'It crashed.' })).toMatchObject({
      word: 'Not ready',
      tone: 'bad',
      detail: 'It crashed.',
    });
    expect(engineFact('Speech', null).word).toBe('Not available');
    expect(modelFact('Model', { configured: false, model: null }).word).toBe('None');
  });

  it('says what is to be delivered', () => {
    expect(outboxFact('alive5', null).word).toBe('Off');
    expect(outboxFact('alive5', { pending: 0, oldestS: null }).word).toBe('Delivered');
    expect(outboxFact('alive5', { pending: 3, oldestS: 75 })).toMatchObject({
      word: '3 waiting',
      detail: 'the oldest for 1:15',
    });
  });

  it('calls a phone ready that takes commands, and others by the adb server’s word', () => {
    expect(phones?.devices.map(deviceState)).toEqual(['Ready', 'unauthorized']);
  });
});
