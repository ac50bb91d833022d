import { ChangeDetectionStrategy, Component, input } from '@angular/core';

import { Part } from './part';

/** Why there is nothing to see here: what `part` asks for is still to come, unknown, or not there. */
@Component({
  selector: 'pb-absent',
  template: `
    @if (part().missing()) {
      <ng-container i18n>Not available from this server.</ng-container>
    } @else if (part().problem()) {
      <ng-container i18n>Not known: see above.</ng-container>
    } @else if (part().value() !== null) {
      <ng-container i18n>Not available from this server.</ng-container>
    } @else {
      <ng-container i18n>Loading…</ng-container>
    }
  `,
  styles: `
    :host {
      display: block;
      padding: 2px 4px;
      color: var(--mat-sys-on-surface-variant);
      font-size: 0.875rem;
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class Absent {
  readonly part = input.required<Part<unknown>>();
}
