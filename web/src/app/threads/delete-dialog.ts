import { ChangeDetectionStrategy, Component, inject, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MAT_DIALOG_DATA, MatDialogModule, MatDialogRef } from '@angular/material/dialog';

import { Api, ApiError } from '../session/api';

export interface Doomed {
  readonly threadId: string;
  /** Null where nobody knows. */
  readonly who: string | null;
  readonly count: number;
}

/** Asks once more, naming what would be gone, and deletes it; closes with true once it is. */
@Component({
  selector: 'pb-delete-dialog',
  imports: [MatButton, MatDialogModule],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <h2 mat-dialog-title>
      @if (data.who) {
        <ng-container i18n>Delete the conversation with {{ data.who }}?</ng-container>
      } @else {
        <ng-container i18n>Delete this conversation?</ng-container>
      }
    </h2>
    <mat-dialog-content>
      <p i18n>
        Everything that was said in it is gone for good, for everybody who has a link to it as well.
        It cannot be brought back.
      </p>
      @if (problem(); as text) {
        <p class="problem" role="alert">{{ text }}</p>
      }
    </mat-dialog-content>
    <mat-dialog-actions align="end">
      <button matButton type="button" mat-dialog-close cdkFocusInitial i18n>Keep it</button>
      <button
        matButton="filled"
        type="button"
        class="delete"
        [attr.aria-busy]="busy()"
        (click)="remove()"
      >
        <span i18n>{data.count, plural,
          =1 {Delete 1 message}
          other {Delete {{ data.count }} messages}
        }</span>
      </button>
    </mat-dialog-actions>
  `,
  styles: `
    p {
      margin: 0 0 8px;
      overflow-wrap: anywhere;
    }
    .problem {
      color: var(--mat-sys-error);
      font-weight: 500;
    }
    .delete {
      --mat-button-filled-container-color: var(--mat-sys-error);
      --mat-button-filled-label-text-color: var(--mat-sys-on-error);
    }
  `,
})
export class DeleteDialog {
  private readonly api = inject(Api);
  private readonly dialog = inject<MatDialogRef<DeleteDialog, boolean>>(MatDialogRef);
  protected readonly data = inject<Doomed>(MAT_DIALOG_DATA);
  protected readonly busy = signal(false);
  protected readonly problem = signal<string | null>(null);

  protected async remove(): Promise<void> {
    if (this.busy()) return;
    this.busy.set(true);
    this.problem.set(null);
    try {
      await this.api.delete(`/api/threads/${encodeURIComponent(this.data.threadId)}`);
      this.dialog.close(true);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // Somebody was faster, which is what was wanted.
      if (error.code === 'not_found') this.dialog.close(true);
      else this.problem.set($localize`It is not deleted. ${error.message}`);
    } finally {
      this.busy.set(false);
    }
  }
}
