import { DestroyRef, Injectable, inject, signal } from '@angular/core';

const GESTURES = ['pointerdown', 'keydown'] as const;

/**
 * The page's one AudioContext, for meters and the ringtone.
 *
 * Browsers keep it silent until somebody has clicked or typed in the page; the first gesture unlocks it.
 */
@Injectable({ providedIn: 'root' })
export class Sound {
  private made: AudioContext | null = null;
  private readonly silent = signal(true);

  /** True while the browser lets the page make no sound. */
  readonly locked = this.silent.asReadonly();

  constructor() {
    const unlock = () => {
      if (this.made && this.locked()) void this.unlock();
    };
    for (const gesture of GESTURES) addEventListener(gesture, unlock, { capture: true });
    inject(DestroyRef).onDestroy(() => {
      for (const gesture of GESTURES) removeEventListener(gesture, unlock, { capture: true });
      void this.made?.close();
    });
  }

  get context(): AudioContext {
    if (!this.made) {
      this.made = new AudioContext({ latencyHint: 'interactive' });
      this.made.onstatechange = () => this.look();
      this.look();
    }
    return this.made;
  }

  /** Resolves with whether sound may be made. Works in a click, and where the browser trusts the page. */
  async unlock(): Promise<boolean> {
    const context = this.context;
    if (context.state !== 'running') {
      // Without a gesture some browsers neither resolve nor reject this.
      await Promise.race([
        context.resume().catch(() => undefined),
        new Promise((resolve) => setTimeout(resolve, 300)),
      ]);
    }
    this.look();
    return !this.locked();
  }

  private look(): void {
    this.silent.set(this.made?.state !== 'running');
  }
}
