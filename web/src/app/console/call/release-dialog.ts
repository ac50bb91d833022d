import { ChangeDetectionStrategy, Component, effect, inject, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MAT_DIALOG_DATA, MatDialogModule, MatDialogRef } from '@angular/material/dialog';
import { MatFormFieldModule } from '@angular/material/form-field';
import { MatInput } from '@angular/material/input';
import { MatSelectModule } from '@angular/material/select';

import { ConsoleStore } from '../console-store';
import { CallDialogData } from './hang-up-dialog';

/** Back to the bot, with a word for it and, if wanted, the place to go on at. */
@Component({
  selector: 'pb-release-dialog',
  imports: [MatButton, MatDialogModule, MatFormFieldModule, MatInput, MatSelectModule],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <h2 mat-dialog-title>
      @if (data.name) {
        <ng-container i18n>Give {{ data.name }} back to the bot</ng-container>
      } @else {
        <ng-container i18n>Give the call back to the bot</ng-container>
      }
    </h2>
    <mat-dialog-content>
      <mat-form-field subscriptSizing="dynamic">
        <mat-label i18n>Note for the bot and the thread (optional)</mat-label>
        <textarea
          #field
          matInput
          cdkFocusInitial
          rows="3"
          maxlength="2000"
          [value]="note()"
          (input)="note.set(field.value)"
          (keydown.control.enter)="release()"
          (keydown.meta.enter)="release()"
        ></textarea>
      </mat-form-field>
      @if (store.resumePoints().length > 0) {
        <mat-form-field subscriptSizing="dynamic">
          <mat-label i18n>The bot goes on at</mat-label>
          <mat-select [value]="resumeAt() ?? ''" (valueChange)="resumeAt.set($event || null)">
            <mat-option value="" i18n>where it left off</mat-option>
            @for (point of store.resumePoints(); track point.id) {
              <mat-option [value]="point.id">{{ point.label }}</mat-option>
            }
          </mat-select>
        </mat-form-field>
      }
    </mat-dialog-content>
    <mat-dialog-actions align="end">
      <button matButton type="button" mat-dialog-close i18n>Keep talking</button>
      <button
        matButton="filled"
        type="button"
        [attr.aria-busy]="store.busy('release', data.callId)"
        (click)="release()"
      >
        <span class="label"><ng-container i18n>Give back</ng-container><kbd>Ctrl Enter</kbd></span>
      </button>
    </mat-dialog-actions>
  `,
  styles: `
    mat-dialog-content {
      display: flex;
      flex-direction: column;
      gap: 16px;
    }
    mat-form-field {
      margin-top: 6px;
    }
    .label {
      display: inline-flex;
      align-items: center;
      gap: 8px;
    }
    kbd {
      border-color: currentColor;
      background: none;
      color: inherit;
    }
  `,
})
export class ReleaseDialog {
  protected readonly store = inject(ConsoleStore);
  protected readonly data = inject<CallDialogData>(MAT_DIALOG_DATA);
  private readonly dialog = inject<MatDialogRef<ReleaseDialog>>(MatDialogRef);
  protected readonly note = signal('');
  protected readonly resumeAt = signal<string | null>(null);

  constructor() {
    // Nothing is left to decide when the call is over.
    effect(() => {
      if (!this.store.talking()) this.dialog.close();
    });
  }

  protected async release(): Promise<void> {
    const { callId } = this.data;
    if (await this.store.release(callId, this.note().trim(), this.resumeAt())) this.dialog.close();
  }
}
