import { phoneNumber } from '../shell/format';
import {
  CallDeclined,
  CallView,
  IncomingCall,
  Message,
  Operator,
  Quality,
  ResumePoint,
  Withdrawal,
} from '../wire/views';

/** Why a card left the queue. */
export type LeftBecause = 'claimed' | 'declined' | Withdrawal;

export interface Departure {
  readonly callId: string;
  readonly who: string;
  readonly because: LeftBecause;
  /** Who took it, with `claimed`. */
  readonly by: string | null;
  /** Ms since 1970 by this computer. */
  readonly at: number;
}

/** Everything that the console shows and the server decides. */
export interface ConsoleState {
  readonly operator: Operator | null;
  /** The live calls, and one's own even when it is over. */
  readonly calls: ReadonlyMap<string, CallView>;
  readonly waiting: readonly IncomingCall[];
  /** One's own call: being spoken, or over and still looked at. */
  readonly mine: string | null;
  /** Why one's own call was handed over, where this page saw it wait. */
  readonly brief: IncomingCall | null;
  /** By call; of those that wait and of one's own. */
  readonly transcripts: ReadonlyMap<string, readonly Message[]>;
  /** By call that waits: who has left it to the others. */
  readonly declines: ReadonlyMap<string, readonly CallDeclined[]>;
  /** Of one's own call, oldest first, at most two minutes. */
  readonly quality: readonly Quality[];
  readonly departures: readonly Departure[];
  readonly iceServers: readonly RTCIceServer[];
  readonly resumePoints: readonly ResumePoint[];
}

export const EMPTY: ConsoleState = {
  operator: null,
  calls: new Map(),
  waiting: [],
  mine: null,
  brief: null,
  transcripts: new Map(),
  declines: new Map(),
  quality: [],
  departures: [],
  iceServers: [],
  resumePoints: [],
};

/** How one's own call stands for the operator: `lost`: offered to others, or with another operator. */
export type Phase = 'live' | 'released' | 'lost' | 'ended';

/** The phase of `call` for the operator `me`. */
export function phaseOf(call: CallView, me: string): Phase {
  if (call.state === 'ended') return 'ended';
  if (call.state === 'bot') return 'released';
  return call.state !== 'handoff' && call.operator?.id === me ? 'live' : 'lost';
}

/** Since when its operator has the call; `bridgedAt` may be that of one whose claim lapsed. */
export function talkingSince({ bridgedAt, claimedAt }: CallView): number | null {
  return bridgedAt && claimedAt ? Math.max(bridgedAt, claimedAt) : (bridgedAt ?? claimedAt);
}

/** What to call a caller. */
export function callerName(caller: { name: string | null; number: string }): string {
  return caller.name || phoneNumber(caller.number) || $localize`Unknown caller`;
}

/** The same in the middle of a sentence. */
export function callerWithin(caller: { name: string | null; number: string }): string {
  return caller.name || phoneNumber(caller.number) || $localize`an unknown caller`;
}
