import { DestroyRef, Injectable, inject, signal } from '@angular/core';

/** The time, once a second, and the server's. */
@Injectable({ providedIn: 'root' })
export class Clock {
  private readonly current = signal(Date.now());
  private readonly offset = signal(0);

  /** Ms since 1970 by this computer. */
  readonly now = this.current.asReadonly();

  constructor() {
    const timer = setInterval(() => this.current.set(Date.now()), 1000);
    inject(DestroyRef).onDestroy(() => clearInterval(timer));
  }

  /** The server said that its time is `serverTime` now. */
  synchronise(serverTime: number): void {
    const now = Date.now();
    this.current.set(now);
    this.offset.set(serverTime - now);
  }

  /** Ms since 1970 by the server, for comparing with its times. */
  serverNow(): number {
    return this.current() + this.offset();
  }
}
