import {
  Reader,
  flag,
  listOf,
  nullable,
  moment,
  number,
  object,
  record,
  text,
  withDefault,
} from '../wire/read';
import { callView } from '../wire/readers';
import { Person } from '../wire/views';
import {
  Agent,
  Device,
  Engine,
  Engines,
  Health,
  LiveCall,
  Model,
  Outbox,
  Phones,
  Status,
} from './views';

/** An object of values of one kind, by whatever names. */
function byName<T>(reader: Reader<T>): Reader<Readonly<Record<string, T>>> {
  return (value, path) =>
    Object.fromEntries(
      Object.entries(object(value, path)).map(([name, entry]) => [
        name,
        reader(entry, `${path}.${name}`),
      ]),
    );
}

const health: Reader<Health> = record<Health>({
  ready: flag,
  missing: withDefault(byName(text), {}),
  counts: withDefault(byName(number), {}),
});

const person: Reader<Person> = record<Person>({ id: text, name: text });

const liveCall: Reader<LiveCall> = (value, path) => ({
  ...callView(value, path),
  agent: nullable(person)(object(value, path)['agent'], `${path}.agent`),
});

const agent: Reader<Agent> = record<Agent>({
  id: nullable(text),
  name: nullable(text),
  connectedAt: nullable(moment),
  takeovers: withDefault(listOf(text), []),
});

const device: Reader<Device> = record<Device>({
  serial: text,
  state: nullable(text),
  model: nullable(text),
  reverse: nullable(flag),
  problem: nullable(text),
});

const phones: Reader<Phones> = record<Phones>({
  status: nullable(text),
  devices: withDefault(listOf(device), []),
});

const engine: Reader<Engine> = record<Engine>({ ready: nullable(flag), problem: nullable(text) });

const engines: Reader<Engines> = record<Engines>({
  stt: nullable(engine),
  tts: nullable(engine),
  llm: nullable(record<Model>({ configured: nullable(flag), model: nullable(text) })),
});

const status: Reader<Status> = record<Status>({
  version: nullable(text),
  uptimeS: nullable(number),
  agents: nullable(listOf(agent)),
  phones: nullable(phones),
  engines: nullable(engines),
  outbox: nullable(record<Outbox>({ pending: nullable(number), oldestS: nullable(number) })),
});

export const parseHealth = (value: unknown): Health => health(value, 'readyz');
export const parseStatus = (value: unknown): Status => status(value, 'status');
export const parseLiveCalls = (value: unknown): readonly LiveCall[] =>
  listOf(liveCall)(value, 'calls');
