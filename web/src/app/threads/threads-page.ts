import { ChangeDetectionStrategy, Component } from '@angular/core';

@Component({
  selector: 'pb-threads-page',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `<h1 i18n>Threads</h1>`,
})
export class ThreadsPage {}
