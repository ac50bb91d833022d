import { CallView, EndReason } from '../../wire/views';
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
