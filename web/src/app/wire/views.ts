/** What the server says, read: times are milliseconds since 1970, absent means null. */

export type CallState = 'bot' | 'handoff' | 'connecting' | 'bridged' | 'held' | 'ended';
export type CallSpeaker = 'bot' | 'human' | 'agent' | 'hold';
export type Speaker = 'caller' | 'bot' | 'human' | 'agent' | 'system';
export type Delivery = 'local' | 'pending' | 'delivered' | 'failed';
export type EndReason =
  | 'caller_hung_up'
  | 'operator_hung_up'
  | 'bot_hung_up'
  | 'agent_hung_up'
  | 'line_lost'
  | 'failed'
  | 'shutdown'
  | 'interrupted'
  | 'other';
export type EndedBy = 'caller' | 'operator' | 'bot' | 'agent' | 'provider' | 'us';
export type Withdrawal = 'caller_hung_up' | 'timed_out' | 'cancelled';

export interface Person {
  readonly id: string;
  readonly name: string;
}

export interface Operator extends Person {
  readonly roles: readonly string[];
}

export interface Caller {
  readonly number: string;
  readonly name: string | null;
  readonly provider: string;
}

export interface Message {
  readonly id: string;
  readonly threadId: string;
  readonly callId: string | null;
  readonly seq: number;
  readonly speaker: Speaker;
  readonly name: string | null;
  readonly text: string;
  readonly final: boolean;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly delivery: Delivery;
  /** Why it failed: `uncertain` (sent, but nobody knows whether it arrived), `refused`, `dropped`. */
  readonly deliveryNote: string | null;
  /** Written down after something that was said later. */
  readonly late: boolean;
}

export interface CallView {
  readonly callId: string;
  readonly threadId: string;
  readonly crmId: string | null;
  readonly channelId: string | null;
  readonly provider: string;
  readonly caller: Caller;
  readonly state: CallState;
  readonly speaker: CallSpeaker;
  readonly queue: string | null;
  readonly operator: Person | null;
  readonly startedAt: number;
  readonly handoffAt: number | null;
  readonly claimedAt: number | null;
  readonly bridgedAt: number | null;
  readonly endedAt: number | null;
  readonly endReason: EndReason | null;
  readonly endedBy: EndedBy | null;
  /** `paused`: nothing that is said or pressed is written down. */
  readonly transcript: 'on' | 'paused';
  /** `lost`: the caller's line broke off, and is waited for. */
  readonly line: 'up' | 'lost';
  /** Why and with what it was handed over; null where the server does not say. */
  readonly reason: string | null;
  readonly summary: string | null;
}

export interface IncomingCall {
  readonly callId: string;
  readonly threadId: string;
  readonly crmId: string | null;
  readonly channelId: string | null;
  readonly caller: Caller;
  readonly queue: string;
  readonly reason: string;
  readonly summary: string;
  readonly transcript: readonly Message[];
  readonly requestedAt: number;
  readonly expiresAt: number;
}

/** Somebody leaves a call that waits to the others; `reason` "" where none was given. */
export interface CallDeclined {
  readonly callId: string;
  readonly operator: Person;
  readonly reason: string;
}

/** A place in the bot's flow at which it may carry on. */
export interface ResumePoint {
  readonly id: string;
  readonly label: string;
}

export interface Welcome {
  readonly operator: Operator;
  readonly calls: readonly CallView[];
  readonly waiting: readonly IncomingCall[];
  readonly iceServers: readonly RTCIceServer[];
  readonly resumePoints: readonly ResumePoint[];
  readonly serverTime: number;
}

export interface CallClaimed {
  readonly callId: string;
  readonly operator: Person;
}

export interface CallWithdrawn {
  readonly callId: string;
  readonly reason: Withdrawal;
}

export interface Transcript {
  readonly callId: string | null;
  readonly threadId: string;
  readonly message: Message;
}

/** One second of a bridged call. Levels in dBFS; `rttMs` null until known. */
export interface Quality {
  readonly callId: string;
  readonly at: number;
  readonly rttMs: number | null;
  readonly jitterMs: number;
  readonly lossPct: number;
  readonly bufferMs: number;
  readonly callerLevel: number;
  readonly operatorLevel: number;
  /** How old the oldest utterance is whose text is still to come; 0 while live. */
  readonly transcriptBehindS: number;
}

export interface Renegotiate {
  readonly reason: string;
  readonly codec: string | null;
}

export interface TimelineEvent {
  readonly event: string;
  readonly ms: number;
}

export interface ThreadSummary {
  readonly threadId: string;
  readonly crmId: string | null;
  readonly channelId: string | null;
  readonly number: string;
  readonly name: string | null;
  readonly lastAt: number;
  readonly messageCount: number;
}

export interface Thread {
  readonly threadId: string;
  readonly messages: readonly Message[];
}

export interface DeliveryChange {
  readonly threadId: string;
  readonly id: string;
  readonly seq: number;
  readonly delivery: Delivery;
  readonly deliveryNote: string | null;
}

/** The answer to `subscribe`. `more`: there is more behind the last of these. */
export interface Page {
  readonly messages: readonly Message[];
  readonly more: boolean;
}

/** A piece of a message that was found; `match`: what was searched for. */
export interface Piece {
  readonly text: string;
  readonly match: boolean;
}

/** A message in which what was searched for was said. */
export interface SearchHit {
  readonly threadId: string;
  readonly seq: number;
  readonly startedAt: number;
  readonly speaker: Speaker;
  readonly name: string | null;
  /** Whose conversation it is. */
  readonly caller: { readonly number: string; readonly name: string | null };
  readonly snippet: readonly Piece[];
}

export interface ViewerToken {
  readonly token: string;
  readonly expiresAt: number;
  readonly url: string;
}

export interface SignedIn {
  readonly token: string;
  readonly operator: Operator;
}

/** Why the server refused. `holder`: who has the call, with `already_claimed`. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly holder: Person | null;
}

/** `/softphone`: the answer to `call`. */
export interface PhoneAnswer {
  readonly callId: string;
  readonly threadId: string;
  readonly sdp: string;
  /** What carries the call on from another socket; null where the server asks for none. */
  readonly secret: string | null;
}

/** `/softphone`: how one's own call stands. */
export interface PhoneState {
  readonly callId: string;
  readonly state: CallState;
  readonly speaker: CallSpeaker;
  readonly endedAt: number | null;
  readonly endReason: EndReason | null;
}
