import { CallState, PhoneAnswer, PhoneState } from '../wire/views';

/** `asking`: for the microphone. `calling`: the server has not begun the call yet. */
export type Phase = 'idle' | 'asking' | 'calling' | 'talking' | 'ended';

/** What one's own call does. Times are ms since 1970 by this computer. */
export interface PhoneView {
  readonly phase: Phase;
  readonly callId: string | null;
  readonly threadId: string | null;
  /** What the server wants to see from whoever carries the call on. */
  readonly secret: string | null;
  readonly call: PhoneState | null;
  /** Who has the call, where that is known. */
  readonly person: string | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Why it ended: a reason of the server's, or `gave_up`. */
  readonly ending: string | null;
  /** Since when the connection is being renewed. */
  readonly lostAt: number | null;
  readonly digits: string;
}

export const IDLE: PhoneView = {
  phase: 'idle',
  callId: null,
  threadId: null,
  secret: null,
  call: null,
  person: null,
  startedAt: null,
  endedAt: null,
  ending: null,
  lostAt: null,
  digits: '',
};

/** What we found out by ourselves; the server's reason is better where it comes. */
const GUESSES: readonly (string | null)[] = ['gone', 'gave_up', 'line_lost'];
const WITH_PERSON: readonly CallState[] = ['connecting', 'bridged', 'held'];
const MOST_DIGITS = 24;

export const asking = (): PhoneView => ({ ...IDLE, phase: 'asking' });
export const calling = (): PhoneView => ({ ...IDLE, phase: 'calling' });

export function answered(view: PhoneView, { callId, threadId, secret }: PhoneAnswer): PhoneView {
  return view.phase === 'calling' ? { ...view, callId, threadId, secret } : view;
}

/** A call that this page was in before it was loaded again. */
export function resumed(
  kept: Pick<PhoneView, 'callId' | 'threadId' | 'startedAt' | 'secret'>,
  now: number,
): PhoneView {
  return { ...IDLE, ...kept, phase: 'talking', lostAt: now };
}

/** The call is heard: the clock runs. */
export function connected(view: PhoneView, now: number): PhoneView {
  if (!inCall(view)) return view;
  return { ...view, phase: 'talking', startedAt: view.startedAt ?? now, lostAt: null };
}

/** The server says how the call stands. What it says of another call is old news. */
export function changed(view: PhoneView, state: PhoneState, now: number): PhoneView {
  if (!inCall(view) || (view.callId !== null && view.callId !== state.callId)) return view;
  if (state.state === 'ended') return ended(view, state.endReason ?? 'other', now);
  const person = WITH_PERSON.includes(state.state) ? view.person : null;
  return {
    ...view,
    phase: 'talking',
    callId: state.callId,
    call: state,
    person,
    startedAt: view.startedAt ?? now,
  };
}

/** The name of whoever has the call. */
export function introduced(view: PhoneView, person: string): PhoneView {
  const here = view.call !== null && WITH_PERSON.includes(view.call.state);
  return here && view.person !== person ? { ...view, person } : view;
}

export function lost(view: PhoneView, now: number): PhoneView {
  return inCall(view) && view.lostAt === null ? { ...view, lostAt: now } : view;
}

/** The first reason stands, unless it was a guess of ours. */
export function ended(view: PhoneView, reason: string, now: number): PhoneView {
  if (view.phase === 'ended') {
    const better = GUESSES.includes(view.ending) && !GUESSES.includes(reason);
    return better ? { ...view, ending: reason } : view;
  }
  if (!inCall(view)) return view;
  return { ...view, phase: 'ended', ending: reason, endedAt: now, lostAt: null };
}

export function pressed(view: PhoneView, digit: string): PhoneView {
  return { ...view, digits: (view.digits + digit).slice(-MOST_DIGITS) };
}

export function inCall(view: PhoneView): boolean {
  return view.phase === 'calling' || view.phase === 'talking';
}
