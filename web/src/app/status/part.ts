import { signal } from '@angular/core';

import { ApiError } from '../session/api';
import { WireError } from '../wire/read';

/** After so many rounds something that a server did not have is asked for again. */
const ROUNDS_LEFT_OUT = 15;

/**
 * One of the things that the page asks the server for, time and again.
 *
 * `value`: the last answer, kept while later questions fail; `problem`: why the newest one failed;
 * `missing`: this server has no such thing.
 */
export class Part<T> {
  private readonly current = signal<T | null>(null);
  private readonly why = signal<ApiError | WireError | null>(null);
  private leaveOut = 0;
  private asked = 0;
  private answered = 0;

  readonly value = this.current.asReadonly();
  readonly problem = this.why.asReadonly();

  constructor(private readonly get: () => Promise<T>) {}

  missing(): boolean {
    const why = this.why();
    return why instanceof ApiError && why.status === 404;
  }

  /** A sentence where the newest question failed, but for what this server does not have. */
  trouble(): string | null {
    return this.missing() ? null : (this.why()?.message ?? null);
  }

  /** Ask; never rejects. `always`: also for what was not there a moment ago. */
  async ask(always = false): Promise<void> {
    if (!always && this.leaveOut > 0) {
      this.leaveOut -= 1;
      return;
    }
    const turn = ++this.asked;
    try {
      const value = await this.get();
      if (!this.isNewest(turn)) return;
      this.current.set(value);
      this.why.set(null);
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof WireError)) throw error;
      if (!this.isNewest(turn)) return;
      this.why.set(error);
      if (!this.missing()) return;
      this.current.set(null);
      this.leaveOut = ROUNDS_LEFT_OUT;
    }
  }

  /** An answer that was overtaken by a later one says nothing any more. */
  private isNewest(turn: number): boolean {
    if (turn < this.answered) return false;
    this.answered = turn;
    return true;
  }
}
