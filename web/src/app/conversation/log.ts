import {
  ChangeDetectionStrategy,
  Component,
  DestroyRef,
  ElementRef,
  afterRenderEffect,
  booleanAttribute,
  computed,
  inject,
  input,
  signal,
  viewChild,
} from '@angular/core';

import { clockTime, dayTime } from '../shell/format';
import { Icon } from '../shell/icon';
import { Message } from '../wire/views';
import { deliveryWords } from './delivery';
import { Reader, entries } from './entries';

const NEAR_PX = 48;
/** From this many rows on, those out of sight are not laid out. */
const MANY = 200;

/**
 * A conversation, of a minute or of thousands of messages: speakers told apart by name, side and shape.
 *
 * In a long one, rows that are out of sight cost no layout. Follows what is new unless the reader has scrolled up; then a
 * pill says how much has come.
 */
@Component({
  selector: 'pb-log',
  imports: [Icon],
  templateUrl: './log.html',
  styleUrl: './log.scss',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class Log {
  readonly messages = input.required<readonly Message[]>();
  /** Said where there is nothing yet. */
  readonly empty = input($localize`Nothing has been said yet.`);
  /** Who reads: their own side is the right one. */
  readonly reader = input<Reader>('operator');
  /** Whether lines across the log say where the day, the call or the answering side changes. */
  readonly dividers = input(false, { transform: booleanAttribute });
  /** Whether marks say how far the outside delivery of each message is. */
  readonly deliveries = input(false, { transform: booleanAttribute });
  /** The `seq` of the message that somebody was sent to. */
  readonly target = input<number | null>(null);

  private readonly list = viewChild.required<ElementRef<HTMLElement>>('list');
  private readonly content = viewChild.required<ElementRef<HTMLElement>>('content');
  protected readonly log = computed(() =>
    entries(this.messages(), {
      reader: this.reader(),
      dividers: this.dividers(),
      now: Date.now(),
    }),
  );
  protected readonly many = computed(() => this.log().length > MANY);
  protected readonly away = signal(false);
  private readonly seen = signal(0);
  protected readonly unseen = computed(() =>
    this.away() ? Math.max(0, this.messages().length - this.seen()) : 0,
  );
  private readonly targetIsHere = computed(() => {
    const seq = this.target();
    return seq !== null && this.messages().some((message) => message.final && message.seq === seq);
  });
  private shown: number | null = null;
  /** How large the list was when it last followed. */
  private kept = '';
  protected readonly time = clockTime;
  protected readonly fullTime = dayTime;
  protected readonly delivery = deliveryWords;

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
    afterRenderEffect(() => {
      const seq = this.target();
      if (seq === null) this.shown = null;
      else if (this.targetIsHere() && seq !== this.shown) this.goTo(seq);
    });
    inject(DestroyRef).onDestroy(() => grown?.disconnect());
  }

  protected scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.list().nativeElement;
    // A window that changes moves what is in it, and nobody has scrolled.
    if (this.room() !== this.kept) return this.keepUp();
    const away = scrollHeight - scrollTop - clientHeight > NEAR_PX;
    if (away && !this.away()) this.seen.set(this.messages().length);
    this.away.set(away);
  }

  protected follow(): void {
    this.away.set(false);
    this.keepUp();
    this.list().nativeElement.focus({ preventScroll: true });
  }

  protected isTarget(message: Message): boolean {
    return message.final && message.seq === this.target();
  }

  /** Show this message, and let the keyboard go on from there. */
  private goTo(seq: number): void {
    this.shown = seq;
    const row = this.content().nativeElement.querySelector<HTMLElement>(`[data-seq="${seq}"]`);
    if (!row) return;
    this.seen.set(this.messages().length);
    this.away.set(true);
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: 'center' });
    // The rows around it have their true height only now.
    requestAnimationFrame(() => {
      row.scrollIntoView({ block: 'center' });
      this.scrolled();
    });
  }

  private keepUp(): void {
    this.kept = this.room();
    if (this.away()) return;
    const element = this.list().nativeElement;
    element.scrollTop = element.scrollHeight;
  }

  private room(): string {
    const { clientWidth, clientHeight } = this.list().nativeElement;
    return `${clientWidth} ${clientHeight}`;
  }
}
