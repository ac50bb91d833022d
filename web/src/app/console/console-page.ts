import { ChangeDetectionStrategy, Component } from '@angular/core';

@Component({
  selector: 'pb-console-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `<h1 i18n>Console</h1>`,
})
export class ConsolePage {}
