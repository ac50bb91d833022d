import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { Router, RouterLink } from '@angular/router';

import { Icon } from './icon';

/** For addresses that are no page. */
@Component({
  selector: 'pb-not-found',
  imports: [Icon, MatButton, RouterLink],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <main>
      <pb-icon name="search" />
      <h1 i18n>There is no such page</h1>
      <p i18n>
        Nothing is at <code>{{ path }}</code>. Was the address copied whole?
      </p>
      <a matButton="filled" routerLink="/" i18n>To the console</a>
    </main>
  `,
  styles: `
    main {
      display: flex;
      flex-direction: column;
      align-items: center;
      gap: 8px;
      width: min(34rem, 100%);
      margin: 14vh auto 0;
      padding: 0 24px;
      color: var(--mat-sys-on-surface-variant);
      text-align: center;
    }
    pb-icon {
      --size: 28px;
    }
    h1 {
      margin: 0;
      color: var(--mat-sys-on-surface);
      font-size: 1.375rem;
      font-weight: 600;
    }
    p {
      margin: 0 0 12px;
      overflow-wrap: anywhere;
    }
  `,
})
export class NotFound {
  protected readonly path = inject(Router).url.split(/[?#]/)[0];
}
