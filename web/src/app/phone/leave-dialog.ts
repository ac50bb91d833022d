import { ChangeDetectionStrategy, Component } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatDialogModule } from '@angular/material/dialog';

/** Asks whether to hang up; closes with true for yes. */
@Component({
  selector: 'pb-leave-dialog',
  imports: [MatButton, MatDialogModule],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <h2 mat-dialog-title i18n>Hang up and leave?</h2>
    <mat-dialog-content i18n>
      You are in a call, and it lives in this tab. To take it over as an operator, stay here and
      open the console in another tab.
    </mat-dialog-content>
    <mat-dialog-actions align="end">
      <a matButton href="/" target="_blank" [mat-dialog-close]="false" i18n>Console in a new tab</a>
      <button matButton type="button" [mat-dialog-close]="true" i18n>Hang up and leave</button>
      <button matButton="filled" type="button" [mat-dialog-close]="false" cdkFocusInitial i18n>
        Stay
      </button>
    </mat-dialog-actions>
  `,
})
export class LeaveDialog {}
