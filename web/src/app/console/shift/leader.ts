import { Injectable, signal } from '@angular/core';

/** How long a tab that was reloaded waits for its former self to let go. */
const HANDOVER_MS = 2000;

/**
 * Which of a browser's tabs has the shift: one at a time, for each operator.
 *
 * Held by a lock of the browser, which lets go by itself when the tab closes or crashes.
 */
@Injectable({ providedIn: 'root' })
export class Leader {
  private readonly has = signal(false);
  private letGo: (() => void) | null = null;
  private onLost: () => void = () => undefined;

  readonly held = this.has.asReadonly();

  /** Called when another tab has taken over. */
  whenLost(run: () => void): void {
    this.onLost = run;
  }

  /**
   * Become the tab that has the shift. `steal`: even where another one has it, which is then told.
   * Resolves with whether it worked.
   */
  async take(operatorId: string, steal: boolean): Promise<boolean> {
    if (this.has()) return true;
    const locks = (navigator as Partial<Navigator>).locks;
    // Pages without a secure origin have no locks, and no microphone either.
    if (!locks) {
      this.has.set(true);
      return true;
    }
    const options: LockOptions = steal
      ? { steal: true }
      : { signal: AbortSignal.timeout(HANDOVER_MS) };
    return new Promise((resolve) => {
      const request = locks.request(nameOf(operatorId), options, () => {
        this.has.set(true);
        resolve(true);
        return new Promise<void>((done) => (this.letGo = done));
      });
      request.catch(() => {
        resolve(false);
        // Either it never came, or another tab stole it.
        if (!this.has()) return;
        this.has.set(false);
        this.letGo = null;
        this.onLost();
      });
    });
  }

  /** True where another tab of this browser has the operator's shift. */
  async elsewhere(operatorId: string): Promise<boolean> {
    const { locks } = navigator as Partial<Navigator>;
    if (this.has() || !locks) return false;
    const { held } = await locks.query();
    return held?.some((lock) => lock.name === nameOf(operatorId)) ?? false;
  }

  release(): void {
    this.has.set(false);
    this.letGo?.();
    this.letGo = null;
  }
}

function nameOf(operatorId: string): string {
  return `patchbay.shift.${operatorId}`;
}
