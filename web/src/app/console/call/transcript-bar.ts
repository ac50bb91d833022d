import { ChangeDetectionStrategy, Component, computed, inject, input } from '@angular/core';
import { MatButton } from '@angular/material/button';

import { Icon } from '../../shell/icon';
import { CallView } from '../../wire/views';
import { ConsoleStore } from '../console-store';
import { behind } from './behind';
import { pausedWords } from './words';

/** Above the transcript: whether it is being written, how far it is behind, and the switch that pauses it. */
@Component({
  selector: 'pb-transcript-bar',
  imports: [Icon, MatButton],
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { '[class.paused]': 'paused()', '[attr.data-transcript]': 'call().transcript' },
  template: `
    @if (!paused()) {
      <h2 i18n>Transcript</h2>
      @if (late(); as seconds) {
        <p class="behind">
          <pb-icon name="clock" /><span i18n>{{ seconds }} s behind</span
          ><span class="more" i18n>; nothing is lost</span>
        </p>
      }
    }
    <div class="state" role="status">
      @if (paused()) {
        <strong class="badge"
          ><pb-icon name="hold" /><ng-container i18n>Transcript paused</ng-container></strong
        >
        <p>{{ words() }}</p>
      }
    </div>
    @if (store.talking()) {
      <button
        [matButton]="paused() ? 'filled' : 'text'"
        type="button"
        [attr.aria-busy]="store.busy('pause', call().callId)"
        (click)="toggle()"
      >
        <span class="label">
          <pb-icon [name]="paused() ? 'resume' : 'hold'" />
          <span class="long">{{ paused() ? resume : pause }}</span>
          <span class="short" aria-hidden="true">{{ paused() ? resumeShort : pauseShort }}</span>
          <kbd>T</kbd>
        </span>
      </button>
    }
  `,
  styles: `
    :host {
      display: flex;
      align-items: center;
      gap: 4px 16px;
      min-height: 44px;
      /* The button's own padding ends at the gutter. */
      padding: 2px calc(var(--pb-gutter, 20px) - 12px) 2px var(--pb-gutter, 20px);
      border-top: 1px solid var(--mat-sys-outline-variant);
    }
    :host(.paused) {
      padding-block: 8px;
      padding-right: var(--pb-gutter, 20px);
      background: var(--pb-warning-container);
      color: var(--pb-on-warning-container);
    }
    h2,
    p {
      margin: 0;
      font-size: 0.875rem;
    }
    h2 {
      font-weight: 600;
    }
    .state {
      display: flex;
      flex: 1;
      align-items: center;
      gap: 4px 12px;
      min-width: 0;
    }
    .behind,
    .badge,
    .label {
      display: inline-flex;
      align-items: center;
      white-space: nowrap;
    }
    .label {
      gap: 8px;
    }
    .behind {
      color: var(--mat-sys-on-surface-variant);
      font-variant-numeric: tabular-nums;
    }
    .behind pb-icon,
    .badge pb-icon {
      margin-right: 6px;
    }
    .badge {
      flex: none;
      padding: 2px 12px;
      border-radius: 999px;
      background: var(--pb-on-warning-container);
      color: var(--pb-warning-container);
      font-size: 0.875rem;
      font-weight: 600;
    }
    pb-icon {
      --size: 16px;
    }
    button {
      flex: none;
    }
    :host(.paused) button {
      --mat-button-filled-container-color: var(--pb-on-warning-container);
      --mat-button-filled-label-text-color: var(--pb-warning-container);
    }
    kbd {
      border-color: color-mix(in srgb, currentColor 45%, transparent);
      background: none;
      color: inherit;
    }
    .short {
      display: none;
    }
    @media (max-width: 640px) {
      :host(.paused) {
        flex-wrap: wrap;
      }
      :host(.paused) .state {
        display: contents;
      }
      :host(.paused) .badge {
        margin-right: auto;
      }
      :host(.paused) p {
        order: 1;
        flex-basis: 100%;
      }
      .more {
        display: none;
      }
      /* Still read aloud. */
      .long {
        position: absolute;
        clip-path: inset(50%);
      }
      .short {
        display: inline;
      }
    }
  `,
})
export class TranscriptBar {
  protected readonly store = inject(ConsoleStore);
  readonly call = input.required<CallView>();
  protected readonly pause = $localize`Pause transcript`;
  protected readonly pauseShort = $localize`Pause`;
  protected readonly resume = $localize`Resume transcript`;
  protected readonly resumeShort = $localize`Resume`;

  protected readonly paused = computed(
    () => this.call().transcript === 'paused' && this.call().state !== 'ended',
  );
  protected readonly words = computed(() => pausedWords(this.call().state));
  // Measured while bridged only: what was true then is not said of now.
  protected readonly late = computed(() =>
    this.call().state === 'bridged' ? behind(this.store.quality()) : null,
  );

  async toggle(): Promise<void> {
    if (!this.store.talking()) return;
    await this.store.pauseTranscript(this.call().callId, !this.paused());
  }
}
