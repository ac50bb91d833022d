import { ChangeDetectionStrategy, Component, computed, inject, signal } from '@angular/core';

import { ConsoleStore } from '../console-store';
import { Listening } from './listening';
import { Spark } from './spark';

interface Figure {
  readonly key: string;
  readonly label: string;
  readonly unit: string;
  readonly values: readonly number[];
  /** A line that goes up to here fills the chart; quieter ones stay low. */
  readonly full: number;
}

/** What the connection sounds like, in a word and in four small charts. */
@Component({
  selector: 'pb-road',
  imports: [Spark],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <button
      type="button"
      class="verdict"
      [class]="verdict().grade"
      [attr.data-grade]="verdict().grade"
      [attr.aria-expanded]="open()"
      (click)="open.set(!open())"
    >
      <span class="bars" aria-hidden="true"><i></i><i></i><i></i></span>
      <span><span i18n>Connection</span>: {{ verdict().word }}</span>
    </button>
    @if (open()) {
      <dl>
        @for (figure of figures(); track figure.key) {
          <div>
            <dt>{{ figure.label }}</dt>
            <dd>
              <pb-spark [values]="figure.values" [full]="figure.full" />
              <span>{{ now(figure) }}</span>
            </dd>
          </div>
        }
      </dl>
    }
  `,
  styles: `
    :host {
      display: contents;
    }
    .verdict {
      display: inline-flex;
      align-items: center;
      gap: 8px;
      min-height: 32px;
      padding: 0 10px;
      border: 1px solid var(--mat-sys-outline-variant);
      border-radius: 8px;
      background: none;
      color: inherit;
      font: inherit;
      font-size: 0.875rem;
      text-align: left;
      cursor: pointer;
    }
    .bars {
      display: inline-flex;
      align-items: flex-end;
      gap: 2px;
      height: 14px;
    }
    i {
      width: 4px;
      height: 5px;
      border-radius: 1px;
      background: var(--mat-sys-outline-variant);
    }
    i:nth-child(2) {
      height: 9px;
    }
    i:nth-child(3) {
      height: 14px;
    }
    .good i {
      background: var(--pb-good);
    }
    .fair i:nth-child(-n + 2) {
      background: var(--pb-warning);
    }
    .poor i:first-child {
      background: var(--mat-sys-error);
    }
    .poor {
      border-color: var(--mat-sys-error);
      color: var(--mat-sys-error);
      font-weight: 600;
    }
    dl {
      grid-column: 1 / -1;
      display: grid;
      grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr));
      gap: 8px 24px;
      margin: 0;
    }
    dt {
      font-size: 0.8125rem;
      color: var(--mat-sys-on-surface-variant);
    }
    dd {
      display: flex;
      align-items: center;
      gap: 10px;
      margin: 0;
      font-variant-numeric: tabular-nums;
    }
    dd span {
      min-width: 4rem;
      text-align: right;
    }
    pb-spark {
      flex: 1;
    }
  `,
})
export class Road {
  private readonly store = inject(ConsoleStore);
  private readonly listening = inject(Listening);
  protected readonly open = signal(false);
  protected readonly verdict = this.listening.verdict;
  protected readonly figures = computed<readonly Figure[]>(() => {
    const quality = this.store.quality();
    return [
      {
        key: 'rtt',
        label: $localize`There and back`,
        unit: 'ms',
        values: quality.flatMap((each) => each.rttMs ?? []),
        full: 400,
      },
      {
        key: 'jitter',
        label: $localize`Unevenness`,
        unit: 'ms',
        values: quality.map((each) => each.jitterMs),
        full: 60,
      },
      {
        key: 'loss',
        label: $localize`Lost`,
        unit: '%',
        values: quality.map((each) => each.lossPct),
        full: 10,
      },
      {
        key: 'buffer',
        label: $localize`Buffer`,
        unit: 'ms',
        values: quality.map((each) => each.bufferMs),
        full: 120,
      },
    ];
  });

  protected now({ values, unit }: Figure): string {
    const last = values.at(-1);
    if (last === undefined) return '–';
    return `${last < 10 ? Math.round(last * 10) / 10 : Math.round(last)} ${unit}`;
  }
}
