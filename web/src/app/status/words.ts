import { duration, phoneNumber } from '../shell/format';
import { CallView } from '../wire/views';
import { Agent, Device, Engine, LiveCall, Model, Outbox } from './views';

const DAY_S = 86_400;

/** How something is, in a word and a colour; `detail`: what there is to say beyond. */
export interface Fact {
  readonly label: string;
  readonly word: string;
  readonly tone: 'good' | 'bad' | 'plain';
  readonly detail: string | null;
}

/** A live call as a card shows it. */
export interface SessionCard {
  readonly call: LiveCall;
  readonly title: string;
  readonly number: string;
  readonly state: string;
  readonly hears: string;
  readonly holder: string;
}

/** How long a server has been up: "0:41:07", "3 days and 4:02:11". */
export function uptime(seconds: number): string {
  const days = Math.floor(seconds / DAY_S);
  const rest = duration((seconds - days * DAY_S) * 1000);
  if (days === 0) return rest;
  return days === 1 ? $localize`1 day and ${rest}` : $localize`${days} days and ${rest}`;
}

/** `engine` null: the server does not say. */
export function engineFact(label: string, engine: Engine | null): Fact {
  const ready = engine?.ready ?? null;
  if (ready === null) return unknown(label);
  return {
    label,
    word: ready ? $localize`Ready` : $localize`Not ready`,
    tone: ready ? 'good' : 'bad',
    detail: engine?.problem ?? null,
  };
}

export function modelFact(label: string, model: Model | null): Fact {
  const configured = model?.configured ?? null;
  if (configured === null) return unknown(label);
  const detail = model?.model ?? null;
  const word = configured ? $localize`Configured` : $localize`None`;
  return { label, word, tone: 'plain', detail };
}

/** `outbox` null: nothing is delivered. */
export function outboxFact(label: string, outbox: Outbox | null): Fact {
  if (outbox === null) return { label, word: $localize`Off`, tone: 'plain', detail: null };
  if (outbox.pending === null) return unknown(label);
  if (outbox.pending === 0) {
    return { label, word: $localize`Delivered`, tone: 'good', detail: null };
  }
  const word = $localize`${outbox.pending} waiting`;
  const { oldestS } = outbox;
  const detail = oldestS === null ? null : $localize`the oldest for ${uptime(oldestS)}`;
  return { label, word, tone: 'plain', detail };
}

/** What is not told. */
export function unknown(label: string): Fact {
  return { label, word: $localize`Not available`, tone: 'plain', detail: null };
}

/** A software agent by name, or as well as it can be named. */
export function agentName(agent: Agent | undefined): string {
  return agent?.name || agent?.id || $localize`A software agent`;
}

/** The adb server calls a phone that takes commands "device". */
export function deviceState({ state, problem }: Device): string {
  if (state === 'device' && problem === null) return $localize`Ready`;
  return state ?? $localize`Not known`;
}

export function sessionCard(call: LiveCall, agents: readonly Agent[] | null): SessionCard {
  const number = phoneNumber(call.caller.number);
  return {
    call,
    title: call.caller.name || number || $localize`Unknown caller`,
    number: call.caller.name ? number : '',
    state: stateWord(call),
    hears: hears(call),
    holder: holder(call, agents ?? []),
  };
}

function stateWord({ state, speaker, line }: CallView): string {
  if (line === 'lost') return $localize`Line lost`;
  switch (state) {
    case 'bot':
      return speaker === 'agent' ? $localize`With a software agent` : $localize`With the assistant`;
    case 'handoff':
      return $localize`Waiting for a person`;
    case 'connecting':
      return $localize`Being connected`;
    case 'bridged':
      return $localize`With a person`;
    case 'held':
      return $localize`On hold`;
    case 'ended':
      return $localize`Ended`;
  }
}

function hears({ speaker }: CallView): string {
  switch (speaker) {
    case 'bot':
      return $localize`The assistant`;
    case 'human':
      return $localize`A person`;
    case 'agent':
      return $localize`A software agent`;
    case 'hold':
      return $localize`Hold music`;
  }
}

function holder(call: LiveCall, agents: readonly Agent[]): string {
  const agent = agents.find((each) => each.takeovers.includes(call.callId));
  if (call.agent || agent || call.speaker === 'agent') return call.agent?.name ?? agentName(agent);
  if (call.state === 'bot') return $localize`The assistant`;
  if (call.state === 'handoff') return $localize`Nobody yet`;
  return call.operator?.name ?? $localize`An operator`;
}
