import { DestroyRef, Injectable, computed, effect, inject, signal, untracked } from '@angular/core';

import { PeerStats } from '../../audio/peer';
import { Microphone } from '../../audio/microphone';
import { Sound } from '../../audio/sound';
import { CallState } from '../../wire/views';
import { ConsoleStore } from '../console-store';
import { AudioLink } from '../shift/audio-link';
import { judge } from './judge';

/** `dead`: the microphone delivers silence. `muted`: somebody talks into a muted one. `unheard`: it is lost on the way. */
export type VoiceWarning = 'dead' | 'muted' | 'unheard';

export interface Voice {
  readonly state: CallState;
  readonly muted: boolean;
  /** Own levels in dBFS, newest last, two a second. */
  readonly levels: readonly number[];
  /** What the server heard of us, in dBFS, newest last, one a second. */
  readonly heard: readonly number[];
}

const TICK_MS = 500;
const REMEMBERED = 20;
/** Ticks of digital silence before a microphone counts as dead: noise suppression makes pauses. */
const DEAD = 16;
/** The same while the server waits for a first sound. */
const DEAD_AT_FIRST = 6;

/** What is wrong with the operator's voice, if anything. Levels in dBFS. */
export function voiceWarning({ state, muted, levels, heard }: Voice): VoiceWarning | null {
  if (state === 'held') return null;
  if (muted) {
    const loud = levels.slice(-4).filter((level) => level > -38);
    return loud.length >= 2 ? 'muted' : null;
  }
  const wanted = state === 'connecting' ? DEAD_AT_FIRST : DEAD;
  const recent = levels.slice(-wanted);
  if (recent.length === wanted && Math.max(...recent) <= -85) return 'dead';
  const spoke = levels.slice(-10).filter((level) => level > -40).length >= 4;
  const nothing = heard.length >= 4 && Math.max(...heard.slice(-4)) <= -75;
  return state === 'bridged' && spoke && nothing ? 'unheard' : null;
}

/** Watches the voice and the road of the call that is being spoken. */
@Injectable({ providedIn: 'root' })
export class Listening {
  private readonly store = inject(ConsoleStore);
  private readonly microphone = inject(Microphone);
  private readonly audio = inject(AudioLink);
  private readonly sound = inject(Sound);
  private readonly levels = signal<readonly number[]>([]);
  private readonly figures = signal<PeerStats | null>(null);
  private timer: ReturnType<typeof setInterval> | undefined;
  private ticks = 0;

  /** What this browser measures of what it receives. */
  readonly down = this.figures.asReadonly();
  readonly verdict = computed(() => judge(this.store.quality(), this.figures()));
  /** Whether the call is spoken in this tab. */
  private readonly here = computed(() => this.store.talking() && this.microphone.stream() !== null);
  readonly warning = computed(() => {
    const call = this.store.call();
    if (!call || !this.here()) return null;
    return voiceWarning({
      state: call.state,
      muted: this.microphone.muted(),
      levels: this.levels(),
      heard: this.store.quality().map((each) => each.operatorLevel),
    });
  });

  constructor() {
    effect(() => {
      const here = this.here();
      untracked(() => this.watch(here));
    });
    inject(DestroyRef).onDestroy(() => clearInterval(this.timer));
  }

  private watch(on: boolean): void {
    clearInterval(this.timer);
    this.levels.set([]);
    this.figures.set(null);
    if (on) this.timer = setInterval(() => void this.tick(), TICK_MS);
  }

  private async tick(): Promise<void> {
    // While the browser keeps its sound locked, meters stand at nothing.
    const level = this.sound.locked() ? undefined : this.microphone.meter()?.loudest();
    if (level !== undefined) this.levels.update((list) => [...list, level].slice(-REMEMBERED));
    this.ticks += 1;
    if (this.ticks % 2 === 0) this.figures.set(await this.audio.stats());
  }
}
