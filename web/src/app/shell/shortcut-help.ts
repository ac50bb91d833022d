import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatDialogModule } from '@angular/material/dialog';
import { MatSlideToggle } from '@angular/material/slide-toggle';

import { Shortcut, Shortcuts } from './shortcuts';

/** All keys that work on this page, and a switch for those who dictate or lean on keyboards. */
@Component({
  selector: 'pb-shortcut-help',
  imports: [MatButton, MatDialogModule, MatSlideToggle],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <h2 mat-dialog-title i18n>Keyboard shortcuts</h2>
    <mat-dialog-content>
      <div class="groups">
        @for (group of groups(); track group.name) {
          <section>
            <h3>{{ group.name }}</h3>
            <dl>
              @for (shortcut of group.shortcuts; track shortcut.key) {
                <div>
                  <dt>
                    <kbd>{{ shortcut.key.toUpperCase() }}</kbd>
                  </dt>
                  <dd>{{ shortcut.label }}</dd>
                </div>
              }
            </dl>
          </section>
        }
        <section>
          <h3 i18n>Moving about</h3>
          <dl>
            <div>
              <dt><kbd>Tab</kbd></dt>
              <dd i18n>Next control</dd>
            </div>
            <div>
              <dt><kbd>Esc</kbd></dt>
              <dd i18n>Close a dialog; leave a text field</dd>
            </div>
          </dl>
        </section>
      </div>
      <mat-slide-toggle [checked]="shortcuts.on()" (change)="shortcuts.on.set($event.checked)">
        <ng-container i18n>Single keys work as shortcuts</ng-container>
      </mat-slide-toggle>
    </mat-dialog-content>
    <mat-dialog-actions align="end">
      <button matButton="filled" mat-dialog-close cdkFocusInitial i18n>Close</button>
    </mat-dialog-actions>
  `,
  styles: `
    .groups {
      columns: 2 15rem;
      column-gap: 32px;
      margin-bottom: 20px;
    }
    section {
      break-inside: avoid;
      padding-bottom: 12px;
    }
    h3 {
      margin: 0 0 4px;
      font-size: 0.875rem;
      color: var(--mat-sys-on-surface-variant);
    }
    dl {
      margin: 0;
    }
    dl div {
      display: flex;
      align-items: center;
      gap: 12px;
      padding: 3px 0;
    }
    dt {
      min-width: 2.5rem;
    }
    dd {
      margin: 0;
      color: var(--mat-sys-on-surface);
    }
  `,
})
export class ShortcutHelp {
  protected readonly shortcuts = inject(Shortcuts);
  protected readonly groups = computed(() => {
    const groups = new Map<string, Shortcut[]>();
    for (const shortcut of this.shortcuts.list()) {
      const group = groups.get(shortcut.group) ?? [];
      if (!group.some((other) => other.key === shortcut.key)) group.push(shortcut);
      groups.set(shortcut.group, group);
    }
    return [...groups].map(([name, shortcuts]) => ({ name, shortcuts }));
  });
}
