import {
  ChangeDetectionStrategy,
  Component,
  ElementRef,
  inject,
  input,
  signal,
  viewChild,
} from '@angular/core';
import { FormsModule } from '@angular/forms';
import { MatButton } from '@angular/material/button';
import { MatFormFieldModule } from '@angular/material/form-field';
import { MatInput } from '@angular/material/input';
import { Router, RouterLink } from '@angular/router';

import { Icon } from '../shell/icon';
import { ApiError, Session } from './session';

/** Name and password, and where to find them. */
@Component({
  selector: 'pb-sign-in',
  imports: [FormsModule, Icon, MatButton, MatFormFieldModule, MatInput, RouterLink],
  templateUrl: './sign-in.html',
  styleUrl: './sign-in.scss',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class SignIn {
  private readonly router = inject(Router);
  protected readonly session = inject(Session);
  private readonly nameField = viewChild.required<ElementRef<HTMLInputElement>>('nameField');
  private readonly passwordField =
    viewChild.required<ElementRef<HTMLInputElement>>('passwordField');

  /** The page to go back to, from the address. */
  readonly back = input<string>();

  protected readonly name = signal('');
  protected readonly password = signal('');
  protected readonly busy = signal(false);
  protected readonly problem = signal<string | null>(null);

  protected async submit(): Promise<void> {
    if (this.busy()) return;
    // Password managers may fill fields in without an event.
    const name = this.nameField().nativeElement.value.trim();
    const password = this.passwordField().nativeElement.value;
    if (!name || !password) {
      this.problem.set($localize`Type your name and your password.`);
      (name ? this.passwordField() : this.nameField()).nativeElement.focus();
      return;
    }
    this.busy.set(true);
    this.problem.set(null);
    try {
      await this.session.signIn(name, password);
      const back = this.back();
      // Only addresses of this app: `//elsewhere` would lead away.
      await this.router.navigateByUrl(back && /^\/(?!\/)/.test(back) ? back : '/', {
        onSameUrlNavigation: 'reload',
      });
    } catch (error) {
      this.problem.set(error instanceof ApiError ? error.message : String(error));
      this.passwordField().nativeElement.select();
    } finally {
      this.busy.set(false);
    }
  }
}
