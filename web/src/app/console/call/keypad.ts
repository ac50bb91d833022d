import { ChangeDetectionStrategy, Component, inject, input, signal } from '@angular/core';

import { ConsoleStore } from '../console-store';

const KEYS = [...'123456789*0#'];

/** Keys whose tones the phone line hears: for menus behind the caller's number. */
@Component({
  selector: 'pb-keypad',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @if (wait(); as reason) {
      <p role="status">{{ reason }}</p>
    } @else {
      <output aria-label="Sent" i18n-aria-label>{{ sent() || ' ' }}</output>
    }
    <div class="keys" role="group" aria-label="Keypad" i18n-aria-label (keydown)="typed($event)">
      @for (key of keys; track key) {
        <button type="button" [attr.aria-disabled]="wait() !== null" (click)="press(key)">
          {{ key }}
        </button>
      }
    </div>
  `,
  styles: `
    :host {
      display: flex;
      align-items: center;
      gap: 16px;
      flex: none;
      padding: 0 20px 12px;
    }
    .keys {
      display: grid;
      grid-template-columns: repeat(6, 52px);
      gap: 6px;
      order: -1;
    }
    button {
      height: 38px;
      border: 1px solid var(--mat-sys-outline-variant);
      border-radius: 8px;
      background: var(--mat-sys-surface-container-low);
      color: inherit;
      font: 600 1.125rem/1 inherit;
      font-family: inherit;
      cursor: pointer;
    }
    button:hover {
      background: var(--mat-sys-surface-container-high);
    }
    button:active {
      background: var(--mat-sys-primary-container);
    }
    button[aria-disabled='true'] {
      background: none;
      color: color-mix(in srgb, currentColor 45%, transparent);
      cursor: default;
    }
    p {
      flex: 1;
      max-width: 26rem;
      margin: 0;
      color: var(--mat-sys-on-surface-variant);
      font-size: 0.875rem;
    }
    output {
      font-size: 1.25rem;
      font-variant-numeric: tabular-nums;
      letter-spacing: 0.08em;
      overflow-wrap: anywhere;
    }
    @media (max-width: 640px) {
      :host {
        flex-direction: column;
        align-items: stretch;
        gap: 8px;
        padding: 0 12px 12px;
      }
      .keys {
        grid-template-columns: repeat(3, 1fr);
        order: 0;
      }
      button {
        height: 48px;
      }
    }
  `,
})
export class Keypad {
  private readonly store = inject(ConsoleStore);
  private last: Promise<unknown> = Promise.resolve();
  readonly callId = input.required<string>();
  /** Why no key would be heard now; null where they are. */
  readonly wait = input<string | null>(null);
  protected readonly keys = KEYS;
  protected readonly sent = signal('');

  /** One after the other, so that quick fingers are heard in order. */
  protected press(key: string): void {
    if (this.wait() !== null) return;
    const callId = this.callId();
    this.last = this.last.then(async () => {
      if (await this.store.dtmf(callId, key)) this.sent.update((sent) => (sent + key).slice(-24));
    });
  }

  protected typed(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey || !/^[0-9*#]$/.test(event.key)) return;
    event.preventDefault();
    this.press(event.key);
  }
}
