import { Injectable, computed, effect, inject, signal, untracked } from '@angular/core';

import { Microphone } from '../../audio/microphone';
import { microphoneAdvice } from '../../audio/problems';
import { Ringtone } from '../../audio/ringtone';
import { Sound } from '../../audio/sound';
import { Speaker } from '../../audio/speaker';
import { ConsoleStore } from '../console-store';
import { AudioLink } from './audio-link';
import { Shift } from './shift';

/** Something that stands in the way: what, what to do, and the button that does it. */
export interface Problem {
  readonly key: string;
  readonly serious: boolean;
  readonly what: string;
  readonly remedy: string;
  readonly button: string | null;
  readonly run: () => void;
}

/** How long the audio may be on its way before that is worth a word. */
const PATIENCE_MS = 1500;
const nothing = () => undefined;

/** Everything that stands between the operator and a call, in sentences. */
@Injectable({ providedIn: 'root' })
export class Problems {
  private readonly store = inject(ConsoleStore);
  private readonly shift = inject(Shift);
  private readonly microphone = inject(Microphone);
  private readonly audio = inject(AudioLink);
  private readonly speaker = inject(Speaker);
  private readonly sound = inject(Sound);
  private readonly ringtone = inject(Ringtone);
  private readonly slow = signal(false);

  readonly list = computed<readonly Problem[]>(() =>
    [this.server(), this.input(), this.away(), this.road(), this.output(), this.ring()].filter(
      (problem) => problem !== null,
    ),
  );

  constructor() {
    // Renewing takes a moment now and then; only what lasts is a problem.
    let timer: ReturnType<typeof setTimeout> | undefined;
    effect(() => {
      const waiting = this.audio.state() === 'connecting' || this.store.connection() === 'lost';
      clearTimeout(timer);
      if (waiting) timer = setTimeout(() => this.slow.set(true), PATIENCE_MS);
      else untracked(() => this.slow.set(false));
    });
  }

  private server(): Problem | null {
    if (this.store.connection() !== 'lost' || !this.slow()) return null;
    return {
      key: 'server',
      serious: true,
      what: $localize`The server does not answer.`,
      remedy: this.store.talking()
        ? $localize`Your call is kept for some seconds. Trying again by itself; check your network.`
        : $localize`Trying again by itself. Check your network, or ask whoever runs the server.`,
      button: null,
      run: nothing,
    };
  }

  private input(): Problem | null {
    const problem = this.microphone.problem();
    if (!problem) return null;
    return {
      key: 'microphone',
      serious: true,
      ...microphoneAdvice(problem),
      button: problem === 'insecure' ? null : $localize`Try again`,
      run: () => void (this.shift.active() ? this.shift.reopen() : this.shift.start()),
    };
  }

  /** We have a call, but its audio is not here. */
  private away(): Problem | null {
    const state = this.shift.state();
    if (!this.store.talking() || this.shift.active() || state === 'starting') return null;
    const cut = state === 'interrupted';
    return {
      key: 'away',
      serious: cut,
      what: cut
        ? $localize`The page was reloaded in the middle of your call.`
        : $localize`You have this call in another tab or browser.`,
      remedy: cut
        ? $localize`The browser wants a click before it opens the microphone again. The caller hears music.`
        : $localize`You can read along here, or have the call here.`,
      button: cut ? $localize`Go on with the call` : $localize`Have it here`,
      run: () => void this.shift.start(),
    };
  }

  private road(): Problem | null {
    const state = this.audio.state();
    if (state === 'taken') {
      return {
        key: 'taken',
        serious: true,
        what: $localize`Your audio is in use elsewhere: another browser is signed in as you.`,
        remedy: $localize`Use it there, or take it over here.`,
        button: $localize`Use it here`,
        run: () => void this.shift.reclaim(),
      };
    }
    if (state === 'failed') {
      return {
        key: 'audio',
        serious: true,
        what: this.audio.refusal() ?? $localize`Your audio does not get through to the server.`,
        remedy: $localize`Trying again by itself. If it stays so, a firewall or VPN blocks UDP: try another network, or ask for a TURN server.`,
        button: $localize`Try now`,
        run: () => void this.audio.renew(),
      };
    }
    if (state !== 'connecting' || !this.slow() || this.store.connection() !== 'connected')
      return null;
    return {
      key: 'audio',
      serious: false,
      what: $localize`Your audio is being connected again.`,
      remedy: this.store.talking()
        ? $localize`The caller hears music meanwhile, and the call stays yours.`
        : $localize`This takes a moment.`,
      button: null,
      run: nothing,
    };
  }

  private output(): Problem | null {
    if (!this.speaker.blocked()) return null;
    return {
      key: 'speaker',
      serious: true,
      what: $localize`The browser keeps the caller's voice silent until you click in this page.`,
      remedy: $localize`One click is enough.`,
      button: $localize`Let me hear the caller`,
      run: () => void this.speaker.unblock(),
    };
  }

  private ring(): Problem | null {
    if (!this.shift.active() || !this.sound.locked() || !this.ringtone.on()) return null;
    return {
      key: 'ring',
      serious: false,
      what: $localize`Calls ring silently: the browser plays no sound before a click in this page.`,
      remedy: $localize`One click is enough.`,
      button: $localize`Turn the sound on`,
      run: () => void this.sound.unlock(),
    };
  }
}
