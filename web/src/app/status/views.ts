/** What `/status` shows, read: whatever a server does not tell is null. */

import { CallView, Person } from '../wire/views';

/** `GET /readyz`. */
export interface Health {
  readonly ready: boolean;
  /** What is missing, by name, as sentences. */
  readonly missing: Readonly<Record<string, string>>;
  /** What was dropped or late since the start. */
  readonly counts: Readonly<Record<string, number>>;
}

/** A live call, with the software agent that has taken its turns over. */
export interface LiveCall extends CallView {
  readonly agent: Person | null;
}

/** A connected software agent. */
export interface Agent {
  readonly id: string | null;
  readonly name: string | null;
  readonly connectedAt: number | null;
  /** The calls that it has taken over. */
  readonly takeovers: readonly string[];
}

/** A phone by ADB. `state`: the adb server's word; `reverse`: the app on it reaches this server. */
export interface Device {
  readonly serial: string;
  readonly state: string | null;
  readonly model: string | null;
  readonly reverse: boolean | null;
  readonly problem: string | null;
}

export interface Phones {
  /** A sentence where no phone can be used. */
  readonly status: string | null;
  readonly devices: readonly Device[];
}

export interface Engine {
  readonly ready: boolean | null;
  readonly problem: string | null;
}

export interface Model {
  readonly configured: boolean | null;
  readonly model: string | null;
}

export interface Engines {
  readonly stt: Engine | null;
  readonly tts: Engine | null;
  readonly llm: Model | null;
}

/** What is still to be delivered to alive5. */
export interface Outbox {
  readonly pending: number | null;
  readonly oldestS: number | null;
}

/** `GET /api/status`, but for what is asked for by itself. */
export interface Status {
  readonly version: string | null;
  readonly uptimeS: number | null;
  readonly agents: readonly Agent[] | null;
  readonly phones: Phones | null;
  readonly engines: Engines | null;
  readonly outbox: Outbox | null;
}
