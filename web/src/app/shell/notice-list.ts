import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { MatButton, MatIconButton } from '@angular/material/button';

import { Icon, IconName } from './icon';
import { Notice, NoticeKind, Notices } from './notices';

const ICONS: Readonly<Record<NoticeKind, IconName>> = {
  info: 'system',
  success: 'check',
  warning: 'warning',
  error: 'warning',
};

/** The notices, in the corner. They are announced by the service, not by being here. */
@Component({
  selector: 'pb-notice-list',
  imports: [Icon, MatButton, MatIconButton],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @for (notice of notices.list(); track notice.id) {
      <div class="notice" [class]="notice.kind" [attr.data-kind]="notice.kind">
        <pb-icon [name]="icon(notice.kind)" />
        <p>{{ notice.text }}</p>
        @if (notice.action; as action) {
          <button matButton type="button" (click)="act(notice)">{{ action.label }}</button>
        }
        <button
          matIconButton
          type="button"
          i18n-aria-label
          aria-label="Dismiss"
          (click)="notices.dismiss(notice.id)"
        >
          <pb-icon name="close" />
        </button>
      </div>
    }
  `,
  styles: `
    :host {
      position: fixed;
      left: 16px;
      bottom: 16px;
      z-index: 1100;
      display: flex;
      flex-direction: column;
      gap: 8px;
      width: min(22rem, calc(100vw - 32px));
      pointer-events: none;
    }
    .notice {
      display: flex;
      align-items: center;
      gap: 10px;
      padding: 6px 6px 6px 14px;
      border-radius: 10px;
      background: var(--mat-sys-inverse-surface);
      color: var(--mat-sys-inverse-on-surface);
      box-shadow: var(--mat-sys-level3);
      pointer-events: auto;
      --mat-icon-button-icon-color: var(--mat-sys-inverse-on-surface);
      --mat-button-text-label-text-color: var(--mat-sys-inverse-primary);
    }
    .error,
    .warning {
      background: var(--mat-sys-error-container);
      color: var(--mat-sys-on-error-container);
      --mat-icon-button-icon-color: var(--mat-sys-on-error-container);
      --mat-button-text-label-text-color: var(--mat-sys-on-error-container);
    }
    .warning {
      background: var(--pb-warning-container);
      color: var(--pb-on-warning-container);
      --mat-icon-button-icon-color: var(--pb-on-warning-container);
      --mat-button-text-label-text-color: var(--pb-on-warning-container);
    }
    p {
      flex: 1;
      margin: 4px 0;
      line-height: 1.4;
      overflow-wrap: anywhere;
    }
  `,
})
export class NoticeList {
  protected readonly notices = inject(Notices);

  protected icon(kind: NoticeKind): IconName {
    return ICONS[kind];
  }

  protected act(notice: Notice): void {
    this.notices.dismiss(notice.id);
    notice.action?.run();
  }
}
