import { DOCUMENT, Injectable, effect, inject } from '@angular/core';

import { stored } from './stored';

export type ThemeChoice = 'system' | 'light' | 'dark';

const CHOICES: readonly ThemeChoice[] = ['system', 'light', 'dark'];

/** Light, dark, or as the system has it. */
@Injectable({ providedIn: 'root' })
export class Theme {
  private readonly root = inject(DOCUMENT).documentElement;
  readonly choice = stored<ThemeChoice>(
    () => localStorage,
    'patchbay.theme',
    (value) => (CHOICES.includes(value as ThemeChoice) ? (value as ThemeChoice) : 'system'),
  );

  constructor() {
    effect(() => {
      const choice = this.choice();
      this.root.style.colorScheme = choice === 'system' ? 'light dark' : choice;
    });
  }

  next(): void {
    const at = CHOICES.indexOf(this.choice());
    this.choice.set(CHOICES[(at + 1) % CHOICES.length] ?? 'system');
  }
}
