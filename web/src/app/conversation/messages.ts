import {
  ChangeDetectionStrategy,
  Component,
  ElementRef,
  afterRenderEffect,
  computed,
  input,
  signal,
  viewChild,
} from '@angular/core';

import { Icon } from '../shell/icon';
import { clockTime } from '../shell/format';
import { Message } from '../wire/views';
import { Row, rows } from './rows';

/**
 * A conversation: speakers told apart by label, side and shape, partials in italics.
 *
 * Follows what is new unless the reader has scrolled up; then a pill says how much has come.
 */
@Component({
  selector: 'pb-messages',
  templateUrl: './messages.html',
  styleUrl: './messages.scss',
  changeDetection: ChangeDetectionStrategy.OnPush,
  imports: [Icon],
})
export class Messages {
  readonly messages = input.required<readonly Message[]>();
  /** Whether marks say how far the outside delivery of each message is. */
  readonly deliveries = input(false);
  /** Said where there is nothing yet. */
  readonly empty = input($localize`Nothing has been said yet.`);
  /** Who reads: their own side is the right one. */
  readonly side = input<'operator' | 'caller'>('operator');

  protected readonly list = viewChild.required<ElementRef<HTMLElement>>('list');
  protected readonly rows = computed(() => rows(this.messages(), this.side()));
  protected readonly away = signal(false);
  private readonly seenUpTo = signal(0);
  protected readonly unseen = computed(() =>
    this.away() ? Math.max(0, this.messages().length - this.seenUpTo()) : 0,
  );
  protected readonly time = clockTime;

  constructor(host: ElementRef<HTMLElement>) {
    afterRenderEffect(() => {
      this.messages();
      if (!this.away()) this.toBottom();
    });
    // A transcript that gets smaller (a keyboard opens, a panel unfolds) still shows its end.
    if (typeof ResizeObserver !== 'undefined') {
      new ResizeObserver(() => {
        if (!this.away()) this.toBottom();
      }).observe(host.nativeElement);
    }
  }

  protected scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.list().nativeElement;
    const away = scrollHeight - scrollTop - clientHeight > 48;
    if (away && !this.away()) this.seenUpTo.set(this.messages().length);
    this.away.set(away);
  }

  protected follow(): void {
    this.away.set(false);
    this.toBottom();
  }

  protected deliveryWord(row: Row): string {
    switch (row.message.delivery) {
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

  private toBottom(): void {
    const element = this.list().nativeElement;
    element.scrollTop = element.scrollHeight;
  }
}
