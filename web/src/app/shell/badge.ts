import { DOCUMENT, Injectable, effect, inject, signal } from '@angular/core';
import { RouterStateSnapshot, TitleStrategy } from '@angular/router';

import { Activity } from './activity';

/** The tab's title and icon: which page, and whether somebody waits. */
@Injectable({ providedIn: 'root' })
export class Badge extends TitleStrategy {
  private readonly document = inject(DOCUMENT);
  private readonly activity = inject(Activity);
  private readonly page = signal('');

  constructor() {
    super();
    effect(() => {
      const ringing = this.activity.ringing();
      this.document.title = tabTitle(this.page(), ringing, this.activity.call()?.who ?? null);
      const icon = this.document.querySelector<HTMLLinkElement>('link[rel="icon"]');
      icon?.setAttribute('href', ringing.length > 0 ? 'favicon-ringing.svg' : 'favicon.svg');
    });
  }

  override updateTitle(snapshot: RouterStateSnapshot): void {
    this.page.set(this.buildTitle(snapshot) ?? '');
  }
}

/** What the tab is called: who rings comes first, since tabs show little. */
export function tabTitle(page: string, ringing: readonly string[], call: string | null): string {
  const name = page ? `${page} · Patchbay` : 'Patchbay';
  if (ringing.length > 0) return $localize`(${ringing.length}) ${ringing[0]} is calling · ${name}`;
  return call ? $localize`On a call with ${call} · ${name}` : name;
}
