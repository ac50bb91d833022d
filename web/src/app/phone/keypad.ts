import { ChangeDetectionStrategy, Component, inject, input, output, signal } from '@angular/core';
import { MatDialog } from '@angular/material/dialog';

import { Shortcuts } from '../shell/shortcuts';

const KEYS = [
  ['1', ''],
  ['2', 'ABC'],
  ['3', 'DEF'],
  ['4', 'GHI'],
  ['5', 'JKL'],
  ['6', 'MNO'],
  ['7', 'PQRS'],
  ['8', 'TUV'],
  ['9', 'WXYZ'],
  ['*', ''],
  ['0', '+'],
  ['#', ''],
] as const;

const SHOWN_MS = 150;

/** A telephone's keys. While it is shown, the keyboard's digits do the same, unless somebody types. */
@Component({
  selector: 'pb-keypad',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { '(document:keydown)': 'typed($event)' },
  template: `
    <!-- What was pressed may be a secret code: it is shown, but not read aloud. -->
    <p class="digits" aria-hidden="true">{{ digits() || ' ' }}</p>
    <div class="keys" role="group" i18n-aria-label aria-label="Keypad">
      @for (key of keys; track key[0]) {
        <button
          type="button"
          [class.down]="down() === key[0]"
          [attr.aria-label]="name(key[0])"
          (click)="press(key[0])"
        >
          <span>{{ key[0] }}</span><small aria-hidden="true">{{ key[1] }}</small>
        </button>
      }
    </div>
  `,
  styles: `
    .digits {
      height: 1.6em;
      margin: 0 0 4px;
      overflow: hidden;
      font-size: 1.125rem;
      font-variant-numeric: tabular-nums;
      letter-spacing: 0.1em;
      text-align: center;
    }
    .keys {
      display: grid;
      grid-template-columns: repeat(3, 1fr);
      gap: 6px;
    }
    button {
      display: flex;
      flex-direction: column;
      align-items: center;
      justify-content: center;
      height: 46px;
      padding: 0;
      border: 1px solid var(--mat-sys-outline-variant);
      border-radius: 12px;
      background: var(--mat-sys-surface);
      color: var(--mat-sys-on-surface);
      font: inherit;
      cursor: pointer;
    }
    button:hover {
      background: var(--mat-sys-surface-container-high);
    }
    button:active,
    button.down {
      background: var(--mat-sys-primary-container);
      color: var(--mat-sys-on-primary-container);
    }
    span {
      font-size: 1.25rem;
      font-weight: 500;
      line-height: 1.1;
    }
    small {
      height: 1em;
      color: var(--mat-sys-on-surface-variant);
      font-size: 0.625rem;
      letter-spacing: 0.1em;
      line-height: 1;
    }
  `,
})
export class Keypad {
  private readonly dialog = inject(MatDialog);
  private readonly shortcuts = inject(Shortcuts);

  readonly digits = input('');
  readonly pressed = output<string>();

  protected readonly keys = KEYS;
  protected readonly down = signal<string | null>(null);

  protected press(key: string): void {
    this.pressed.emit(key);
  }

  /** Digits name themselves. */
  protected name(key: string): string | null {
    if (key === '*') return $localize`star`;
    return key === '#' ? $localize`hash` : null;
  }

  protected typed(event: KeyboardEvent): void {
    const key = KEYS.find(([each]) => each === event.key)?.[0];
    if (!key || event.defaultPrevented || event.repeat || !this.shortcuts.on()) return;
    if (event.ctrlKey || event.altKey || event.metaKey || this.dialog.openDialogs.length > 0)
      return;
    const { target } = event;
    if (target instanceof Element && target.closest('input, textarea, select')) return;
    this.press(key);
    this.down.set(key);
    setTimeout(() => this.down.set(null), SHOWN_MS);
  }
}
