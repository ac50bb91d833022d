import {
  ChangeDetectionStrategy,
  Component,
  DestroyRef,
  ElementRef,
  effect,
  inject,
  input,
  viewChild,
} from '@angular/core';

import { Meter, meterShare } from './meter';

const FALL = 0.06;

/** A bar that moves with a meter. Draws itself outside change detection, and only while it can be seen. */
@Component({
  selector: 'pb-level',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `<div class="bar" #bar></div>`,
  host: {
    role: 'meter',
    'aria-valuemin': '0',
    'aria-valuemax': '100',
    '[attr.aria-label]': 'label()',
    '[class.off]': '!source()',
  },
  styles: `
    :host {
      display: block;
      height: 8px;
      border-radius: 4px;
      overflow: hidden;
      background: var(--mat-sys-surface-container-highest);
    }
    .bar {
      height: 100%;
      background: linear-gradient(
        90deg,
        var(--pb-good) 70%,
        var(--pb-warning) 92%,
        var(--mat-sys-error)
      );
      clip-path: inset(0 100% 0 0);
    }
    :host(.off) {
      opacity: 0.6;
    }
  `,
})
export class Level {
  readonly source = input<Meter | null>(null);
  readonly label = input.required<string>();

  private readonly host = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
  private readonly bar = viewChild.required<ElementRef<HTMLElement>>('bar');
  private shown = 0;
  private frame = 0;
  private saidAt = 0;

  constructor() {
    effect(() => {
      const source = this.source();
      cancelAnimationFrame(this.frame);
      this.draw(0);
      if (source) this.follow(source);
    });
    inject(DestroyRef).onDestroy(() => cancelAnimationFrame(this.frame));
  }

  private follow(source: Meter): void {
    this.frame = requestAnimationFrame((now) => {
      // Up at once, down slowly, as the eye expects of a meter.
      this.draw(Math.max(meterShare(source.level()), this.shown - FALL));
      if (now - this.saidAt > 1000) {
        this.saidAt = now;
        this.host.setAttribute('aria-valuenow', String(Math.round(this.shown * 100)));
      }
      this.follow(source);
    });
  }

  private draw(share: number): void {
    this.shown = share;
    this.bar().nativeElement.style.clipPath = `inset(0 ${(100 * (1 - share)).toFixed(1)}% 0 0)`;
    if (share === 0 && this.saidAt === 0) this.host.setAttribute('aria-valuenow', '0');
  }
}
