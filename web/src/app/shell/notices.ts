import { LiveAnnouncer } from '@angular/cdk/a11y';
import { Injectable, inject, signal } from '@angular/core';

export type NoticeKind = 'info' | 'success' | 'warning' | 'error';

export interface Notice {
  readonly id: number;
  readonly kind: NoticeKind;
  readonly text: string;
  /** A notice with the key of one that is shown replaces it. */
  readonly key: string | null;
  readonly action: NoticeAction | null;
}

export interface NoticeAction {
  readonly label: string;
  readonly run: () => void;
}

export interface NoticeOptions {
  readonly key?: string;
  readonly action?: NoticeAction;
  /** Stays until it is dismissed. */
  readonly stay?: boolean;
}

const MOST = 4;
const LASTS_MS: Readonly<Record<NoticeKind, number>> = {
  info: 6000,
  success: 5000,
  warning: 10_000,
  error: 12_000,
};

/** Sentences for whoever sits in front of the screen, seen and heard by screen readers. */
@Injectable({ providedIn: 'root' })
export class Notices {
  private readonly announcer = inject(LiveAnnouncer);
  private readonly shown = signal<readonly Notice[]>([]);
  private next = 1;

  readonly list = this.shown.asReadonly();

  info(text: string, options?: NoticeOptions): void {
    this.show('info', text, options);
  }

  success(text: string, options?: NoticeOptions): void {
    this.show('success', text, options);
  }

  warning(text: string, options?: NoticeOptions): void {
    this.show('warning', text, options);
  }

  error(text: string, options?: NoticeOptions): void {
    this.show('error', text, options);
  }

  dismiss(id: number): void {
    this.shown.update((list) => list.filter((notice) => notice.id !== id));
  }

  /** Take back the notice with this key, where it is still shown. */
  settle(key: string): void {
    this.shown.update((list) => list.filter((notice) => notice.key !== key));
  }

  /** Say it to screen readers only. */
  announce(text: string, politeness: 'polite' | 'assertive' = 'polite'): void {
    void this.announcer.announce(text, politeness);
  }

  private show(kind: NoticeKind, text: string, options: NoticeOptions = {}): void {
    const id = this.next++;
    const { key = null, action = null } = options;
    const notice: Notice = { id, kind, text, key, action };
    this.shown.update((list) =>
      [
        ...list.filter((other) => other.text !== text && (key === null || other.key !== key)),
        notice,
      ].slice(-MOST),
    );
    this.announce(text, kind === 'error' || kind === 'warning' ? 'assertive' : 'polite');
    if (!options.stay) setTimeout(() => this.dismiss(id), LASTS_MS[kind]);
  }
}
