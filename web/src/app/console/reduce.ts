/** The console's state, changed by what the server says. Pure: a new state comes back, or the same one. */
import { mergeMessage, mergeMessages, withoutPartials } from '../conversation/merge';
import {
  CallClaimed,
  CallDeclined,
  CallView,
  CallWithdrawn,
  IncomingCall,
  Message,
  Quality,
  Transcript,
  Welcome,
} from '../wire/views';
import { ConsoleState, Departure, callerWithin, phaseOf } from './state';

const MOST_QUALITY = 120;
const MOST_DEPARTURES = 4;

/** Connected, or connected again: everything is as the server says. */
export function welcomed(state: ConsoleState, welcome: Welcome): ConsoleState {
  const me = welcome.operator.id;
  const same = state.operator?.id === me;
  const calls = new Map(welcome.calls.map((call) => [call.callId, call]));
  const own = welcome.calls.find((call) => phaseOf(call, me) === 'live');
  const before = same && state.mine !== null ? state.calls.get(state.mine) : undefined;
  if (!own && before && !calls.has(before.callId)) calls.set(before.callId, overWithoutUs(before));
  const mine = own?.callId ?? before?.callId ?? null;
  const transcripts = new Map<string, readonly Message[]>();
  for (const call of welcome.waiting) transcripts.set(call.callId, call.transcript);
  if (mine !== null) {
    const kept = withoutPartials(state.transcripts.get(mine) ?? []);
    transcripts.set(mine, mergeMessages(kept, transcripts.get(mine) ?? []));
  }
  return {
    operator: welcome.operator,
    calls,
    waiting: byRequest(welcome.waiting),
    mine,
    brief: mine === state.mine ? state.brief : null,
    transcripts,
    declines: new Map(),
    quality: mine === state.mine ? state.quality : [],
    departures: same ? state.departures : [],
    iceServers: welcome.iceServers,
    resumePoints: welcome.resumePoints,
  };
}

/** A call waits, or waits again. */
export function offered(state: ConsoleState, call: IncomingCall): ConsoleState {
  const others = state.waiting.filter((other) => other.callId !== call.callId);
  const transcript = mergeMessages(state.transcripts.get(call.callId) ?? [], call.transcript);
  return {
    ...state,
    waiting: byRequest([...others, call]),
    transcripts: new Map(state.transcripts).set(call.callId, transcript),
    departures: state.departures.filter((departure) => departure.callId !== call.callId),
  };
}

/** Somebody has taken a call that waited. */
export function claimed(state: ConsoleState, claim: CallClaimed, now: number): ConsoleState {
  const own = claim.operator.id === state.operator?.id;
  const by = own ? null : claim.operator.name;
  return left(state, claim.callId, own ? null : { because: 'claimed', by, at: now });
}

/** A call does not wait any more, and nobody took it. */
export function withdrawn(state: ConsoleState, event: CallWithdrawn, now: number): ConsoleState {
  return left(state, event.callId, { because: event.reason, by: null, at: now });
}

/** The operator has declined a call. */
export function declined(state: ConsoleState, callId: string, now: number): ConsoleState {
  return left(state, callId, { because: 'declined', by: null, at: now });
}

/** Somebody has: a colleague, or we ourselves in another tab. */
export function declinedBy(state: ConsoleState, event: CallDeclined, now: number): ConsoleState {
  const { callId, operator } = event;
  if (operator.id === state.operator?.id) return declined(state, callId, now);
  if (!state.waiting.some((call) => call.callId === callId)) return state;
  const others = (state.declines.get(callId) ?? []).filter((d) => d.operator.id !== operator.id);
  return { ...state, declines: new Map(state.declines).set(callId, [...others, event]) };
}

/** A call changed. */
export function callChanged(state: ConsoleState, call: CallView): ConsoleState {
  const me = state.operator?.id;
  const live = me !== undefined && phaseOf(call, me) === 'live';
  const mine = live ? call.callId : state.mine;
  const calls = new Map(state.calls).set(call.callId, call);
  if (call.state === 'ended' && call.callId !== mine) calls.delete(call.callId);
  const changed = { ...state, calls };
  if (mine === state.mine) return changed;
  // The call that was looked at before gives way.
  return kept({ ...withoutOver(changed, state.mine), mine, quality: [] });
}

/** Something was said. Only what this screen shows is kept. */
export function said(state: ConsoleState, { callId, message }: Transcript): ConsoleState {
  if (callId === null || !shows(state, callId)) return state;
  const before = state.transcripts.get(callId) ?? [];
  const after = mergeMessage(before, message);
  if (after === before) return state;
  return { ...state, transcripts: new Map(state.transcripts).set(callId, after) };
}

/** The conversation up to now, as the server keeps it. */
export function threadLoaded(
  state: ConsoleState,
  callId: string,
  messages: readonly Message[],
): ConsoleState {
  if (!shows(state, callId)) return state;
  const merged = mergeMessages(messages, state.transcripts.get(callId) ?? []);
  return { ...state, transcripts: new Map(state.transcripts).set(callId, merged) };
}

/** One second of one's own call. */
export function measured(state: ConsoleState, quality: Quality): ConsoleState {
  if (quality.callId !== state.mine) return state;
  return { ...state, quality: [...state.quality, quality].slice(-MOST_QUALITY) };
}

/** The operator has seen how their call ended. */
export function dismissed(state: ConsoleState): ConsoleState {
  const call = state.mine === null ? undefined : state.calls.get(state.mine);
  if (!call || phaseOf(call, state.operator?.id ?? '') === 'live') return state;
  return kept({ ...withoutOver(state, state.mine), mine: null, brief: null, quality: [] });
}

/** Words about calls that left are for a moment only. */
export function departuresSince(state: ConsoleState, at: number): ConsoleState {
  const departures = state.departures.filter((departure) => departure.at >= at);
  return departures.length === state.departures.length ? state : { ...state, departures };
}

function left(
  state: ConsoleState,
  callId: string,
  why: Omit<Departure, 'callId' | 'who'> | null,
): ConsoleState {
  const call = state.waiting.find((other) => other.callId === callId);
  if (!call) return state;
  const waiting = state.waiting.filter((other) => other !== call);
  const declines = new Map(state.declines);
  declines.delete(callId);
  const departures = why
    ? [...state.departures, { callId, who: callerWithin(call.caller), ...why }].slice(
        -MOST_DEPARTURES,
      )
    : state.departures;
  if (why) return kept({ ...state, waiting, declines, departures });
  // One's own claim keeps the transcript: the `call_state` that makes the call ours may yet follow.
  return { ...state, waiting, declines, brief: call };
}

function shows(state: ConsoleState, callId: string): boolean {
  return state.mine === callId || state.waiting.some((call) => call.callId === callId);
}

/** Without the transcripts that nobody looks at. */
function kept(state: ConsoleState): ConsoleState {
  const transcripts = new Map([...state.transcripts].filter(([callId]) => shows(state, callId)));
  return { ...state, transcripts };
}

function withoutOver(state: ConsoleState, callId: string | null): ConsoleState {
  if (callId === null || state.calls.get(callId)?.state !== 'ended') return state;
  const calls = new Map(state.calls);
  calls.delete(callId);
  return { ...state, calls };
}

/** The server does not know the call any more: it ended while nobody could tell us. */
function overWithoutUs(call: CallView): CallView {
  if (call.state === 'ended') return call;
  return { ...call, state: 'ended', endReason: 'interrupted', endedBy: 'us' };
}

function byRequest(calls: readonly IncomingCall[]): readonly IncomingCall[] {
  return calls.toSorted((one, other) => one.requestedAt - other.requestedAt);
}
