import { DestroyRef, Injectable, inject } from '@angular/core';

export type WakeReason = 'slept' | 'online' | 'network';

const TICK_MS = 2000;
/** Hidden tabs tick once a second; a minute apart only where they use no audio. */
const GAP_MS = 15_000;

type WithConnection = Navigator & { connection?: EventTarget & { type?: string } };

/** Tells when the computer has slept, is online again, or is on another network. */
@Injectable({ providedIn: 'root' })
export class Wake {
  private readonly listeners: ((reason: WakeReason) => void)[] = [];
  private last = Date.now();

  constructor() {
    const timer = setInterval(() => this.tick(), TICK_MS);
    const online = () => this.tell('online');
    addEventListener('online', online);
    const connection = (navigator as WithConnection).connection;
    let type = connection?.type;
    const changed = () => {
      // The event also tells each new estimate of speed, which is no other network.
      if (connection?.type !== type) this.tell('network');
      type = connection?.type;
    };
    connection?.addEventListener('change', changed);
    inject(DestroyRef).onDestroy(() => {
      clearInterval(timer);
      removeEventListener('online', online);
      connection?.removeEventListener('change', changed);
    });
  }

  on(listener: (reason: WakeReason) => void): void {
    this.listeners.push(listener);
  }

  private tick(): void {
    const now = Date.now();
    const gap = now - this.last;
    this.last = now;
    if (gap > GAP_MS) this.tell('slept');
  }

  private tell(reason: WakeReason): void {
    for (const listener of this.listeners) listener(reason);
  }
}
