import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';

const WIDTH = 120;
const HEIGHT = 28;

/** Two minutes of one figure as a line, the newest at the right. */
@Component({
  selector: 'pb-spark',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { 'aria-hidden': 'true' },
  template: `
    <svg viewBox="0 0 120 28" preserveAspectRatio="none">
      <path class="area" [attr.d]="area()" />
      <path class="line" [attr.d]="line()" />
    </svg>
  `,
  styles: `
    :host {
      display: block;
      height: 28px;
    }
    svg {
      display: block;
      width: 100%;
      height: 100%;
    }
    .line {
      fill: none;
      stroke: var(--mat-sys-primary);
      stroke-width: 1.5;
      vector-effect: non-scaling-stroke;
    }
    .area {
      fill: color-mix(in srgb, var(--mat-sys-primary) 14%, transparent);
    }
  `,
})
export class Spark {
  readonly values = input.required<readonly number[]>();
  readonly full = input.required<number>();
  protected readonly line = computed(() => sparkline(this.values(), this.full()));
  protected readonly area = computed(() => {
    const values = this.values();
    if (values.length < 2) return '';
    return `${this.line()} L${WIDTH} ${HEIGHT} L${WIDTH - values.length + 1} ${HEIGHT} Z`;
  });
}

/** The path of `values` in 120 × 28 units, one a unit; `full` and more reach the top. */
export function sparkline(values: readonly number[], full: number): string {
  const shown = values.slice(-WIDTH);
  const top = Math.max(full, ...shown);
  return shown
    .map((value, index) => {
      const x = WIDTH - shown.length + 1 + index;
      const y = HEIGHT - 1 - (Math.max(0, value) / top) * (HEIGHT - 2);
      return `${index === 0 ? 'M' : 'L'}${x} ${Math.round(y * 10) / 10}`;
    })
    .join(' ');
}
