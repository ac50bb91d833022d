import { ChangeDetectionStrategy, Component } from '@angular/core';

@Component({
  selector: 'pb-phone-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `<h1 i18n>Phone</h1>`,
})
export class PhonePage {}
