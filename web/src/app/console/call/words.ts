import { CallState, CallView, EndReason } from '../../wire/views';
import { callerName, Phase } from '../state';

/** How a call stands for the operator, in a sentence. `audible`: their audio reaches the server. */
export function callWord(call: CallView, phase: Phase, audible: boolean): string {
  switch (phase) {
    case 'released':
      return $localize`Back with the bot. What is said goes on below.`;
    case 'lost':
      return lost(call);
    case 'ended':
      return ended(call.endReason, callerName(call.caller));
    case 'live':
      return live(call, audible);
  }
}

function live(call: CallView, audible: boolean): string {
  if (call.line === 'lost') return lineLost();
  switch (call.state) {
    case 'bridged':
      return audible ? $localize`You are talking` : $localize`Your audio is being connected again`;
    case 'held':
      return $localize`On hold: the caller hears music`;
    default:
      return audible
        ? $localize`Connected: say something. The caller hears music until your voice comes.`
        : $localize`Connecting your audio. The caller hears music.`;
  }
}

/** The phone provider's stream broke off, and may come back. */
export function lineLost(): string {
  return $localize`The caller's line broke off; waiting up to 5 s for it`;
}

/** What goes on while nothing is written down: who hears whom does not change. */
export function pausedWords(state: CallState): string {
  const nothing = $localize`Nothing that is said or pressed is written down or recorded.`;
  switch (state) {
    case 'bridged':
      return $localize`${nothing} You and the caller hear each other as before.`;
    case 'held':
    case 'connecting':
      return $localize`${nothing} The caller hears music.`;
    default:
      return nothing;
  }
}

/** Why keys would not be heard now; null where they are. */
export function keysWait(state: CallState): string | null {
  switch (state) {
    case 'bridged':
      return null;
    case 'held':
      return $localize`The caller is on hold and hears music: keys work again when you are back.`;
    default:
      return $localize`Keys work once the caller hears you.`;
  }
}

/** Why there is nothing to hold yet; null where there is. */
export function holdWait(state: CallState): string | null {
  if (state === 'bridged' || state === 'held') return null;
  return $localize`Hold works once the caller hears you. Until then they hear music anyway.`;
}

function lost(call: CallView): string {
  // A claim that lapsed leaves its time behind; a new handoff begins without one.
  if (call.state === 'handoff' && call.claimedAt === null) {
    return $localize`The bot has handed this call over again.`;
  }
  const who = call.operator?.name;
  return call.state === 'handoff' || !who
    ? $localize`Your audio stayed away too long, so the call is offered again.`
    : $localize`${who} has this call now.`;
}

function ended(reason: EndReason | null, who: string): string {
  switch (reason) {
    case 'caller_hung_up':
      return $localize`${who} hung up.`;
    case 'operator_hung_up':
      return $localize`You hung up.`;
    case 'bot_hung_up':
      return $localize`The bot ended the call.`;
    case 'agent_hung_up':
      return $localize`A software agent ended the call.`;
    case 'line_lost':
      return $localize`The phone line broke off.`;
    case 'shutdown':
      return $localize`The server was shut down.`;
    case 'interrupted':
      return $localize`The server was restarted, and the call is lost.`;
    case 'failed':
      return $localize`The call failed.`;
    default:
      return $localize`The call is over.`;
  }
}
