import { Injectable, effect, inject, signal } from '@angular/core';

import { stored } from '../shell/stored';
import { Sound } from './sound';

const PERIOD_S = 3;
/** Two soft pairs of notes, so that it is heard through talk without startling: [starts at s, Hz]. */
const NOTES: readonly (readonly [number, number])[] = [
  [0, 659.3],
  [0.16, 880],
  [0.5, 659.3],
  [0.66, 880],
];

/** The ring: synthesised, so that nothing is loaded, and looped until it is stopped. */
@Injectable({ providedIn: 'root' })
export class Ringtone {
  private readonly sound = inject(Sound);
  private readonly ringing = signal(false);
  private gain: GainNode | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;

  readonly on = this.ringing.asReadonly();
  /** From 0 to 1. */
  readonly volume = stored(
    () => localStorage,
    'patchbay.ring.volume',
    (value) => (typeof value === 'number' && value >= 0 && value <= 1 ? value : 0.6),
  );
  readonly muted = stored(
    () => localStorage,
    'patchbay.ring.muted',
    (value) => value === true,
  );

  constructor() {
    effect(() => {
      const loud = this.muted() ? 0 : this.volume() ** 2;
      this.gain?.gain.setTargetAtTime(loud, this.sound.context.currentTime, 0.02);
    });
  }

  start(): void {
    if (this.ringing()) return;
    this.ringing.set(true);
    void this.sound.unlock();
    const { context } = this.sound;
    this.gain = context.createGain();
    this.gain.gain.value = this.muted() ? 0 : this.volume() ** 2;
    this.gain.connect(context.destination);
    this.once(this.gain);
    this.timer = setInterval(() => {
      if (this.gain) this.once(this.gain);
    }, PERIOD_S * 1000);
  }

  stop(): void {
    if (!this.ringing()) return;
    this.ringing.set(false);
    clearInterval(this.timer);
    this.gain?.disconnect();
    this.gain = null;
  }

  /** Once, to hear how loud it is. */
  async sample(): Promise<void> {
    if (this.ringing() || !(await this.sound.unlock())) return;
    const { context } = this.sound;
    const gain = context.createGain();
    gain.gain.value = this.volume() ** 2;
    gain.connect(context.destination);
    this.once(gain).addEventListener('ended', () => gain.disconnect());
  }

  private once(out: GainNode): OscillatorNode {
    const { context } = this.sound;
    // While the browser keeps the context locked, time stands still, and what is scheduled would pile up.
    const start = context.currentTime + 0.02;
    const notes = NOTES.map(([at, hz]) => {
      const tone = new OscillatorNode(context, { type: 'triangle', frequency: hz });
      const shape = new GainNode(context, { gain: 0 });
      shape.gain.setValueAtTime(0, start + at);
      shape.gain.linearRampToValueAtTime(0.5, start + at + 0.015);
      shape.gain.exponentialRampToValueAtTime(0.001, start + at + 0.45);
      tone.connect(shape).connect(out);
      tone.start(start + at);
      tone.stop(start + at + 0.5);
      return tone;
    });
    return notes.at(-1) as OscillatorNode;
  }
}
