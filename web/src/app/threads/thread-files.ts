import { ChangeDetectionStrategy, Component, inject, input, signal } from '@angular/core';
import { MatButton, MatIconButton } from '@angular/material/button';
import { MatDialog } from '@angular/material/dialog';
import { MatMenuModule } from '@angular/material/menu';
import { MatTooltip } from '@angular/material/tooltip';
import { Router } from '@angular/router';
import { firstValueFrom } from 'rxjs';

import { Api, ApiError } from '../session/api';
import { Icon } from '../shell/icon';
import { Notices } from '../shell/notices';

const FORMATS = ['text', 'json', 'vtt'] as const;
type Format = (typeof FORMATS)[number];
const ENDINGS: Readonly<Record<Format, string>> = { text: 'txt', json: 'json', vtt: 'vtt' };

/** Takes a conversation away: as a file, or for good. */
@Component({
  selector: 'pb-thread-files',
  imports: [Icon, MatButton, MatIconButton, MatMenuModule, MatTooltip],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <button
      matButton
      type="button"
      class="save"
      i18n-aria-label
      aria-label="Export"
      [attr.aria-busy]="saving()"
      [matMenuTriggerFor]="formats"
    >
      <pb-icon name="save" /><span i18n>Export</span>
    </button>
    <mat-menu #formats="matMenu">
      @for (format of list; track format) {
        <button mat-menu-item (click)="save(format)">{{ words[format] }}</button>
      }
    </mat-menu>
    @if (deletable()) {
      <button
        matIconButton
        type="button"
        i18n-aria-label
        aria-label="Delete this conversation"
        [matTooltip]="live() ? wait : deletes"
        [disabled]="live()"
        disabledInteractive
        (click)="remove()"
      >
        <pb-icon name="trash" />
      </button>
    }
  `,
  styles: `
    :host {
      display: inline-flex;
      flex: none;
      align-items: center;
    }
    @media (max-width: 640px) {
      .save {
        min-width: 44px;
        padding: 0 8px;
      }
      .save span {
        display: none;
      }
    }
  `,
})
export class ThreadFiles {
  private readonly api = inject(Api);
  private readonly dialog = inject(MatDialog);
  private readonly notices = inject(Notices);
  private readonly router = inject(Router);

  readonly threadId = input.required<string>();
  /** Who the conversation was with; null where nobody knows. */
  readonly who = input.required<string | null>();
  readonly count = input.required<number>();
  /** Whether a call of it goes on. */
  readonly live = input(false);
  /** Whether whoever looks may delete. */
  readonly deletable = input(false);
  /** A link's token, where that is what one reads by. */
  readonly token = input<string | null>(null);

  protected readonly list = FORMATS;
  protected readonly words: Readonly<Record<Format, string>> = {
    text: $localize`As text`,
    json: $localize`As JSON`,
    vtt: $localize`As captions (WebVTT)`,
  };
  protected readonly deletes = $localize`Delete this conversation`;
  protected readonly wait = $localize`It can be deleted once the call is over`;
  protected readonly saving = signal(false);

  protected async save(format: Format): Promise<void> {
    if (this.saving()) return;
    this.saving.set(true);
    const id = this.threadId();
    try {
      const path = `/api/threads/${encodeURIComponent(id)}/export?format=${format}`;
      const file = await this.api.file(path, this.token() ?? undefined);
      download(file, `thread-${id.replace(/[^\w.-]+/g, '_')}.${ENDINGS[format]}`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.notices.error($localize`The conversation could not be exported. ${error.message}`);
    } finally {
      this.saving.set(false);
    }
  }

  protected async remove(): Promise<void> {
    if (this.live()) {
      this.notices.info(this.wait, { key: 'delete' });
      return;
    }
    const { DeleteDialog } = await import('./delete-dialog');
    const [threadId, who] = [this.threadId(), this.who()];
    const asked = this.dialog.open<unknown, unknown, boolean>(DeleteDialog, {
      width: '30rem',
      maxWidth: 'calc(100vw - 32px)',
      data: { threadId, who, count: this.count() },
    });
    if ((await firstValueFrom(asked.afterClosed())) !== true) return;
    this.notices.success(
      who
        ? $localize`The conversation with ${who} is deleted.`
        : $localize`The conversation is deleted.`,
    );
    // Unless one has gone elsewhere meanwhile.
    if (this.threadId() === threadId) await this.router.navigate(['/threads']);
  }
}

function download(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The browser has taken it over by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
