import { PhoneView } from './reduce';

export interface Words {
  readonly title: string;
  /** What to know or to do; empty where there is nothing to add. */
  readonly more: string;
}

/** How the call stands, in plain words. */
export function standing(view: PhoneView): Words {
  switch (view.phase) {
    case 'idle':
      return { title: $localize`Call in as a customer`, more: '' };
    case 'asking':
      return {
        title: $localize`Waiting for the microphone`,
        more: $localize`The browser asks whether this page may use it. Choose Allow.`,
      };
    case 'calling':
      return { title: $localize`Calling…`, more: $localize`It takes a second or two.` };
    case 'talking':
      return view.lostAt === null ? talking(view) : RENEWING();
    case 'ended':
      return ending(view.ending ?? 'other', view.person);
  }
}

const RENEWING = (): Words => ({
  title: $localize`Connecting again…`,
  more: $localize`The connection was lost. Stay on the line: the call is kept for a few seconds.`,
});

function talking({ call, person }: PhoneView): Words {
  const who = person ?? $localize`a person`;
  switch (call?.state) {
    case 'handoff':
      return {
        title: $localize`Waiting for a person`,
        more: $localize`The assistant has asked for somebody. Stay on the line.`,
      };
    case 'connecting':
      return {
        title: person ? $localize`${person} is being connected` : $localize`Somebody is being connected`,
        more: $localize`You will hear them in a moment.`,
      };
    case 'bridged':
      return { title: $localize`Talking to ${who}`, more: '' };
    case 'held':
      return {
        title: $localize`On hold`,
        more: person
          ? $localize`${person} cannot hear you at the moment, and comes back.`
          : $localize`Nobody hears you at the moment. Stay on the line.`,
      };
    case undefined:
      return { title: $localize`Connected`, more: '' };
    default:
      return {
        title: $localize`Talking to the assistant`,
        more: $localize`Say what you need, or ask for a person.`,
      };
  }
}

function ending(reason: string, person: string | null): Words {
  switch (reason) {
    case 'caller_hung_up':
      return { title: $localize`You hung up`, more: '' };
    case 'operator_hung_up':
      return {
        title: person
          ? $localize`${person} ended the call`
          : $localize`The operator ended the call`,
        more: '',
      };
    case 'bot_hung_up':
    case 'agent_hung_up':
      return { title: $localize`The assistant ended the call`, more: '' };
    case 'line_lost':
    case 'gone':
    case 'gave_up':
      return {
        title: $localize`The connection was lost`,
        more: $localize`It did not come back in time, so the call is over. Check your network and call again.`,
      };
    case 'moved':
      return {
        title: $localize`The call went on in another tab`,
        more: $localize`Only one tab can have a call.`,
      };
    case 'no_audio':
      return {
        title: $localize`No sound came through`,
        more: $localize`Your browser and the server could not exchange sound. A VPN or a firewall may block it: try without, or on another network.`,
      };
    case 'over_capacity':
      return { title: $localize`All lines are busy`, more: $localize`Try again in a minute.` };
    case 'shutdown':
    case 'shutting_down':
    case 'interrupted':
      return {
        title: $localize`The server was stopped`,
        more: $localize`Call again when it is back; this page notices by itself.`,
      };
    default:
      return {
        title: $localize`The call ended`,
        more: $localize`Something went wrong on the server. Call again; its log says more.`,
      };
  }
}

/** Why a call could not begin. `message` is the server's own sentence. */
export function refusal(code: string, message: string): Words {
  switch (code) {
    case 'over_capacity':
      return ending(code, null);
    case 'offline':
    case 'timeout':
      return {
        title: $localize`The server does not answer`,
        more: $localize`Is it still running, and are you online? It is tried again by itself.`,
      };
    default:
      return { title: $localize`The call did not begin`, more: message };
  }
}
