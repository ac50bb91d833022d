import {
  ChangeDetectionStrategy,
  Component,
  ElementRef,
  inject,
  input,
  signal,
  viewChild,
} from '@angular/core';
import { MatButton } from '@angular/material/button';

import { Icon } from '../../shell/icon';
import { ConsoleStore } from '../console-store';

/** Type what the bot's voice is to say. What could not be sent stays in the field. */
@Component({
  selector: 'pb-composer',
  imports: [Icon, MatButton],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <form (submit)="$event.preventDefault(); send()">
      <textarea
        #field
        rows="1"
        maxlength="2000"
        aria-label="Type to speak"
        i18n-aria-label
        placeholder="Speak in the bot's voice"
        i18n-placeholder
        enterkeyhint="send"
        [value]="text()"
        (input)="text.set(field.value)"
        (keydown.enter)="enter($event)"
        (keydown.escape)="field.blur()"
      ></textarea>
      <button
        matButton="tonal"
        type="submit"
        [disabled]="text().trim() === ''"
        [attr.aria-busy]="store.busy('say', callId())"
      >
        <span class="label"><pb-icon name="send" /><ng-container i18n>Speak</ng-container></span>
      </button>
    </form>
  `,
  styles: `
    :host {
      display: block;
      flex: none;
      padding: 10px 20px;
      border-top: 1px solid var(--mat-sys-outline-variant);
    }
    form {
      display: flex;
      align-items: flex-end;
      gap: 8px;
    }
    textarea {
      flex: 1;
      min-width: 0;
      min-height: 40px;
      max-height: 8rem;
      padding: 8px 12px;
      border: 1px solid var(--mat-sys-outline);
      border-radius: 8px;
      background: var(--mat-sys-surface);
      color: inherit;
      font: inherit;
      resize: none;
      field-sizing: content;
    }
    textarea::placeholder {
      color: var(--mat-sys-on-surface-variant);
      opacity: 1;
    }
    .label {
      display: inline-flex;
      align-items: center;
      gap: 8px;
    }
    @media (max-width: 640px) {
      :host {
        padding: 8px 12px;
      }
    }
  `,
})
export class Composer {
  protected readonly store = inject(ConsoleStore);
  readonly callId = input.required<string>();
  protected readonly text = signal('');
  private readonly field = viewChild.required<ElementRef<HTMLTextAreaElement>>('field');

  focus(): void {
    this.field().nativeElement.focus();
  }

  protected enter(event: Event): void {
    // Input methods confirm with Enter, and Shift+Enter is a new line.
    const { shiftKey, isComposing } = event as KeyboardEvent;
    if (shiftKey || isComposing) return;
    event.preventDefault();
    void this.send();
  }

  protected async send(): Promise<void> {
    const text = this.text().trim();
    if (text === '') return;
    if (!(await this.store.say(this.callId(), text))) return;
    if (this.text().trim() === text) this.text.set('');
    // The field shows what was typed, not what the signal last had.
    if (this.text() === '') this.field().nativeElement.value = '';
  }
}
