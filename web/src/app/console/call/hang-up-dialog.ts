import { ChangeDetectionStrategy, Component, effect, inject } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MAT_DIALOG_DATA, MatDialogModule, MatDialogRef } from '@angular/material/dialog';

import { ConsoleStore } from '../console-store';

export interface CallDialogData {
  readonly callId: string;
  /** What to call the caller; null where nothing is known of them. */
  readonly name: string | null;
}

/** Hanging up ends it for the caller too, so it is asked once. */
@Component({
  selector: 'pb-hang-up-dialog',
  imports: [MatButton, MatDialogModule],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <h2 mat-dialog-title>
      @if (data.name) {
        <ng-container i18n>Hang up on {{ data.name }}?</ng-container>
      } @else {
        <ng-container i18n>Hang up on the caller?</ng-container>
      }
    </h2>
    <mat-dialog-content i18n
      >The call ends for the caller as well. To let the bot go on, give it back
      instead.</mat-dialog-content
    >
    <mat-dialog-actions align="end">
      <button matButton type="button" mat-dialog-close i18n>Keep talking</button>
      <button
        matButton="filled"
        type="button"
        class="hangup"
        cdkFocusInitial
        [attr.aria-busy]="store.busy('hangup', data.callId)"
        (click)="hangUp()"
        i18n
      >
        Hang up
      </button>
    </mat-dialog-actions>
  `,
  styles: `
    .hangup {
      --mat-button-filled-container-color: var(--mat-sys-error);
      --mat-button-filled-label-text-color: var(--mat-sys-on-error);
    }
  `,
})
export class HangUpDialog {
  protected readonly store = inject(ConsoleStore);
  protected readonly data = inject<CallDialogData>(MAT_DIALOG_DATA);
  private readonly dialog = inject<MatDialogRef<HangUpDialog>>(MatDialogRef);

  constructor() {
    // Nothing is left to decide when the call is over.
    effect(() => {
      if (!this.store.talking()) this.dialog.close();
    });
  }

  protected async hangUp(): Promise<void> {
    if (await this.store.hangUp(this.data.callId)) this.dialog.close();
  }
}
