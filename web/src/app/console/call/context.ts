import { Clipboard } from '@angular/cdk/clipboard';
import {
  ChangeDetectionStrategy,
  Component,
  computed,
  effect,
  inject,
  input,
  signal,
  untracked,
} from '@angular/core';
import { MatIconButton } from '@angular/material/button';
import { RouterLink } from '@angular/router';

import { Api } from '../../session/api';
import { clockTime } from '../../shell/format';
import { Icon } from '../../shell/icon';
import { Notices } from '../../shell/notices';
import { parseTimeline } from '../../wire/parse';
import { CallView, TimelineEvent } from '../../wire/views';

/** Where the call belongs: its thread, its ids, and what happened when. */
@Component({
  selector: 'pb-context',
  imports: [Icon, MatIconButton, RouterLink],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <details #box (toggle)="open.set(box.open)">
      <summary i18n>Thread, ids and timeline</summary>
      <div class="inside">
        <dl>
          @for (id of ids(); track id.label) {
            <div>
              <dt>{{ id.label }}</dt>
              <dd>
                <code>{{ id.value }}</code>
                <button
                  matIconButton
                  type="button"
                  [attr.aria-label]="copyLabel(id.label)"
                  (click)="copy(id.label, id.value)"
                >
                  <pb-icon name="copy" />
                </button>
              </dd>
            </div>
          }
          <div>
            <dt i18n>Began</dt>
            <dd>{{ time(call().startedAt) }}</dd>
          </div>
          <div>
            <dt i18n>Conversation</dt>
            <dd>
              <a [routerLink]="['/threads', call().threadId]" i18n>Open the thread</a>
            </dd>
          </div>
        </dl>
        <div>
          <h2 i18n>Timeline</h2>
          @if (timeline(); as events) {
            <ol>
              @for (event of events; track $index) {
                <li>
                  <span class="at">{{ seconds(event.ms) }}</span> {{ words(event.event) }}
                </li>
              }
            </ol>
          } @else {
            <p i18n>The timeline could not be fetched.</p>
          }
        </div>
      </div>
    </details>
  `,
  styles: `
    :host {
      flex: none;
      border-top: 1px solid var(--mat-sys-outline-variant);
    }
    details[open] .inside {
      max-height: 38vh;
      overflow-y: auto;
    }
    summary {
      padding: 8px 20px;
      color: var(--mat-sys-on-surface-variant);
      font-size: 0.875rem;
      cursor: pointer;
    }
    .inside {
      display: grid;
      grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr));
      gap: 8px 32px;
      padding: 0 20px 12px;
      font-size: 0.875rem;
    }
    dl,
    ol {
      margin: 0;
      padding: 0;
      list-style: none;
    }
    dl div {
      display: flex;
      align-items: center;
      min-height: 32px;
    }
    dt {
      flex: none;
      width: 7.5rem;
      color: var(--mat-sys-on-surface-variant);
    }
    dd {
      display: flex;
      align-items: center;
      min-width: 0;
      margin: 0;
    }
    code {
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
      font:
        0.8125rem ui-monospace,
        'Liberation Mono',
        monospace;
    }
    dd button {
      --mat-icon-button-state-layer-size: 32px;
      width: 32px;
      height: 32px;
      padding: 6px;
    }
    pb-icon {
      --size: 18px;
    }
    h2 {
      margin: 6px 0;
      font-size: 0.875rem;
    }
    li {
      padding: 1px 0;
    }
    .at {
      display: inline-block;
      width: 4.5rem;
      color: var(--mat-sys-on-surface-variant);
      font-variant-numeric: tabular-nums;
    }
    @media (max-width: 640px) {
      summary {
        padding: 10px 12px;
      }
      .inside {
        padding: 0 12px 12px;
      }
    }
  `,
})
export class Context {
  private readonly api = inject(Api);
  private readonly clipboard = inject(Clipboard);
  private readonly notices = inject(Notices);
  readonly call = input.required<CallView>();
  protected readonly open = signal(false);
  protected readonly timeline = signal<readonly TimelineEvent[] | null>([]);
  protected readonly time = clockTime;
  protected readonly ids = computed(() => {
    const { callId, threadId, crmId, channelId } = this.call();
    return [
      { label: $localize`Call`, value: callId },
      { label: $localize`Thread`, value: threadId },
      { label: $localize`CRM`, value: crmId },
      { label: $localize`Channel`, value: channelId },
    ].filter((id): id is { label: string; value: string } => id.value !== null);
  });

  constructor() {
    const moment = computed(() => `${this.call().callId} ${this.call().state}`);
    effect(() => {
      // Whenever something happened, while somebody looks.
      moment();
      if (this.open()) untracked(() => void this.load(this.call().callId));
    });
  }

  protected copyLabel(label: string): string {
    return $localize`Copy: ${label}`;
  }

  protected copy(label: string, value: string): void {
    if (this.clipboard.copy(value)) this.notices.info($localize`${label} copied.`, { key: 'copy' });
  }

  protected seconds(ms: number): string {
    return `${(ms / 1000).toFixed(2)} s`;
  }

  protected words(event: string): string {
    const text = event.replaceAll('_', ' ');
    return text.charAt(0).toUpperCase() + text.slice(1);
  }

  private async load(callId: string): Promise<void> {
    try {
      const events = await this.api.get(
        `/api/calls/${encodeURIComponent(callId)}/timeline`,
        parseTimeline,
      );
      this.timeline.set(events);
    } catch {
      this.timeline.set(null);
    }
  }
}
