import {
  ChangeDetectionStrategy,
  Component,
  DestroyRef,
  ElementRef,
  afterRenderEffect,
  computed,
  inject,
  input,
  signal,
  viewChild,
} from '@angular/core';

import { clockTime, dayTime } from '../shell/format';
import { Icon, IconName } from '../shell/icon';
import { Delivery, Message } from '../wire/views';
import { entries } from './entries';

const NEAR_PX = 48;

/**
 * A whole thread: thousands of messages, with dividers for days, calls, and who answers.
 *
 * Rows that are out of sight cost no layout. Follows what is new unless the reader has scrolled up.
 */
@Component({
  selector: 'pb-thread-log',
  imports: [Icon],
  templateUrl: './thread-log.html',
  styleUrl: './thread-log.scss',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ThreadLog {
  readonly messages = input.required<readonly Message[]>();

  private readonly list = viewChild.required<ElementRef<HTMLElement>>('list');
  private readonly content = viewChild.required<ElementRef<HTMLElement>>('content');
  protected readonly log = computed(() => entries(this.messages(), Date.now()));
  protected readonly away = signal(false);
  private readonly seen = signal(0);
  protected readonly unseen = computed(() =>
    this.away() ? Math.max(0, this.messages().length - this.seen()) : 0,
  );
  protected readonly time = clockTime;
  protected readonly fullTime = dayTime;

  constructor() {
    // Rows get their true height when they come into sight, and the end is further down than before.
    const grown =
      typeof ResizeObserver === 'undefined' ? null : new ResizeObserver(() => this.keepUp());
    afterRenderEffect({
      write: () => {
        this.messages();
        this.keepUp();
      },
    });
    afterRenderEffect(() => {
      grown?.observe(this.list().nativeElement);
      grown?.observe(this.content().nativeElement);
    });
    inject(DestroyRef).onDestroy(() => grown?.disconnect());
  }

  protected scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.list().nativeElement;
    const away = scrollHeight - scrollTop - clientHeight > NEAR_PX;
    if (away && !this.away()) this.seen.set(this.messages().length);
    this.away.set(away);
  }

  protected follow(): void {
    this.away.set(false);
    this.keepUp();
    this.list().nativeElement.focus({ preventScroll: true });
  }

  protected deliveryIcon(delivery: Delivery): IconName {
    if (delivery === 'failed') return 'warning';
    return delivery === 'pending' ? 'clock' : 'check';
  }

  protected deliveryWord(delivery: Delivery): string {
    switch (delivery) {
      case 'pending':
        return $localize`being delivered`;
      case 'delivered':
        return $localize`delivered`;
      case 'failed':
        return $localize`not delivered`;
      case 'local':
        return $localize`kept here`;
    }
  }

  private keepUp(): void {
    if (this.away()) return;
    const element = this.list().nativeElement;
    element.scrollTop = element.scrollHeight;
  }
}
