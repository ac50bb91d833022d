import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { RouterLink } from '@angular/router';

import { Microphone } from '../../audio/microphone';
import { Icon } from '../../shell/icon';
import { ConsoleStore } from '../console-store';
import { Shift } from './shift';

/** The way into the shift, whatever keeps one out of it. */
@Component({
  selector: 'pb-shift-start',
  imports: [Icon, MatButton, RouterLink],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @switch (shift.state()) {
      @case ('elsewhere') {
        <h1 i18n>Your shift is in another tab</h1>
        <p i18n>Calls ring there, and your microphone is there. This tab only watches.</p>
        <button matButton="filled" class="go" type="button" (click)="shift.start()" i18n>
          Have it in this tab
        </button>
      }
      @case ('interrupted') {
        <h1 i18n>Your shift was interrupted</h1>
        <p i18n>
          This page was reloaded, and the browser wants a click before it opens the microphone.
        </p>
        <button matButton="filled" class="go" type="button" (click)="shift.start()" i18n>
          Go on
        </button>
      }
      @default {
        <h1 i18n>Off shift</h1>
        <p i18n>
          One click opens your microphone, lets this page ring and notify you, and tells the others
          that you take calls.
        </p>
        <button
          matButton="filled"
          class="go"
          type="button"
          [attr.aria-busy]="shift.state() === 'starting'"
          (click)="shift.start()"
        >
          @if (shift.state() === 'starting') {
            <ng-container i18n>Starting…</ng-container>
          } @else {
            <ng-container i18n>Go on shift</ng-container>
          }
        </button>
        @if (microphone.pending()) {
          <p class="ask" role="status">
            <pb-icon name="mic" />
            <span i18n
              >The browser asks for your microphone, at the top of the window. Choose Allow.</span
            >
          </p>
        } @else {
          <p class="try" i18n>
            To try it out, open <a routerLink="/phone" target="_blank">the phone</a> in another tab
            and ask for a person.
          </p>
        }
      }
    }
  `,
  styles: `
    :host {
      display: flex;
      flex-direction: column;
      align-items: center;
      justify-content: center;
      flex: 1;
      padding: 32px 24px;
      text-align: center;
    }
    h1 {
      margin: 0;
      font-size: 1.5rem;
      font-weight: 600;
    }
    p {
      max-width: 44ch;
      margin: 8px 0 20px;
      color: var(--mat-sys-on-surface-variant);
      text-wrap: balance;
    }
    .go {
      min-width: 12rem;
      height: 48px;
      font-size: 1rem;
    }
    .ask,
    .try {
      margin-top: 20px;
      font-size: 0.875rem;
    }
    .ask {
      display: flex;
      gap: 8px;
      align-items: center;
      color: var(--mat-sys-on-surface);
    }
  `,
})
export class ShiftStart {
  protected readonly shift = inject(Shift);
  protected readonly microphone = inject(Microphone);
  protected readonly store = inject(ConsoleStore);
}
