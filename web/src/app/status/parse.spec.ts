import { CALL, changed } from '../wire/vectors';
import { parseConfig } from './config/values';
import { parseHealth, parseLiveCalls, parseStatus } from './parse';
import { CONFIG, HEALTH, STATUS } from './vectors';

const NOTHING = {
  version: null,
  uptimeS: null,
  agents: null,
  phones: null,
  engines: null,
  outbox: null,
};

describe('what the status page reads', () => {
  it('takes what the server sends', () => {
    const status = parseStatus(STATUS);
    expect(status.uptimeS).toBe(93_784);
    expect(status.agents?.[0]).toEqual({
      ...STATUS.agents[0],
      connectedAt: Date.parse('2026-11-21T21:10:00.000Z'),
    });
    expect(status.phones).toEqual(STATUS.phones);
    expect(status.engines).toEqual(STATUS.engines);
    expect(status.outbox).toEqual(STATUS.outbox);
    expect(parseHealth(HEALTH).counts).toEqual({ loopBlocked: 0 });
  });

  it('does without anything that a server does not tell', () => {
    expect(parseStatus({})).toEqual(NOTHING);
    expect(parseStatus({ engines: {}, phones: {}, outbox: {}, agents: [{}] })).toEqual({
      ...NOTHING,
      engines: { stt: null, tts: null, llm: null },
      phones: { status: null, devices: [] },
      outbox: { pending: null, oldestS: null },
      agents: [{ id: null, name: null, connectedAt: null, takeovers: [] }],
    });
  });

  it.each([
    [{ uptimeS: 'long' }, 'status.uptimeS'],
    [{ agents: {} }, 'status.agents'],
    [{ agents: [{ id: 'a', takeovers: [1] }] }, 'status.agents[0].takeovers[0]'],
    [{ phones: { devices: [{ state: 'device' }] } }, 'status.phones.devices[0].serial'],
    [{ engines: { stt: { ready: 'yes' } } }, 'status.engines.stt.ready'],
    ['no object', 'status'],
  ])('refuses %j and says where', (value, path) => {
    expect(() => parseStatus(value)).toThrow(expect.objectContaining({ path }));
  });

  it('refuses health that does not say whether it is ready, or what is missing', () => {
    expect(() => parseHealth({})).toThrow('readyz.ready is not true or false');
    expect(() => parseHealth({ ready: false, missing: { stt: 1 } })).toThrow('readyz.missing.stt');
  });

  it('reads calls with the agent that holds them, from servers that know of none too', () => {
    const agent = { id: 'a1', name: 'OpenClaw' };
    const calls = parseLiveCalls([CALL, changed(CALL, { agent })]);
    expect(calls.map((call) => call.agent)).toEqual([null, agent]);
  });

  it('edits the templates of greetings, where there are any', () => {
    const config = parseConfig({ ...CONFIG, nobody_knows: 1 });
    expect(config.greeting_incoming).toBe("Hello, this is {owner}'s assistant.");
    expect(config.greeting_outgoing).toBe('Hello.');
    expect(parseConfig({}).auto_answer).toBeNull();
    expect(() => parseConfig({ caller_allowlist: '+49' })).toThrow('config.caller_allowlist');
  });
});
