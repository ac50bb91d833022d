import { DOCUMENT, DestroyRef, Injectable, inject, signal } from '@angular/core';
import { MatDialog } from '@angular/material/dialog';

import { stored } from './stored';

export interface Shortcut {
  /** As KeyboardEvent.key, in lower case: "a", "?", "/". */
  readonly key: string;
  readonly label: string;
  readonly group: string;
  readonly run: () => void;
  /** Where given and false, the key does nothing and is passed on. */
  readonly when?: () => boolean;
}

const TYPING =
  'input, textarea, select, [contenteditable], [role="combobox"], [role="listbox"], [role="menu"]';

/**
 * Single keys that do things. None fires while somebody types, while a dialog is open, or together
 * with Ctrl, Alt or Meta; and they can be turned off altogether.
 */
@Injectable({ providedIn: 'root' })
export class Shortcuts {
  private readonly dialog = inject(MatDialog);
  private readonly registered = signal<readonly Shortcut[]>([]);

  readonly list = this.registered.asReadonly();
  readonly on = stored(
    () => localStorage,
    'patchbay.shortcuts',
    (value) => value !== false,
  );

  constructor() {
    inject(DOCUMENT).addEventListener('keydown', (event) => this.pressed(event));
  }

  /** Have these until the component or service around `destroy` is gone. */
  use(destroy: DestroyRef, shortcuts: readonly Shortcut[]): void {
    this.registered.update((list) => [...list, ...shortcuts]);
    destroy.onDestroy(() =>
      this.registered.update((list) => list.filter((other) => !shortcuts.includes(other))),
    );
  }

  private pressed(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.repeat || event.isComposing) return;
    if (event.ctrlKey || event.altKey || event.metaKey || this.dialog.openDialogs.length > 0)
      return;
    const target = event.target;
    if (target instanceof Element && target.closest(TYPING)) return;
    const key = event.key.toLowerCase();
    // The list of keys is how they are turned on again, so its own key always works.
    if (!this.on() && key !== '?') return;
    const shortcut = this.registered().find((each) => each.key === key && (each.when?.() ?? true));
    if (!shortcut) return;
    event.preventDefault();
    shortcut.run();
  }
}
