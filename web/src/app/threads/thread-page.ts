import { ChangeDetectionStrategy, Component } from '@angular/core';

@Component({
  selector: 'pb-thread-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `<h1 i18n>Thread</h1>`,
})
export class ThreadPage {}
