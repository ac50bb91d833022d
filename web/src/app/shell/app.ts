import {
  ChangeDetectionStrategy,
  Component,
  DestroyRef,
  Injector,
  computed,
  inject,
} from '@angular/core';
import { MatButton, MatIconButton } from '@angular/material/button';
import { MatDialog } from '@angular/material/dialog';
import { MatMenuModule } from '@angular/material/menu';
import { MatTooltip } from '@angular/material/tooltip';
import { toSignal } from '@angular/core/rxjs-interop';
import { NavigationEnd, Router, RouterLink, RouterLinkActive, RouterOutlet } from '@angular/router';

import { filter } from 'rxjs';

import { Session } from '../session/session';
import { Activity } from './activity';
import { Clock } from './clock';
import { duration } from './format';
import { Icon, IconName } from './icon';
import { NoticeList } from './notice-list';
import { Shortcuts } from './shortcuts';
import { Theme } from './theme';

/** The frame around every page. */
@Component({
  selector: 'pb-root',
  imports: [
    Icon,
    MatButton,
    MatIconButton,
    MatMenuModule,
    MatTooltip,
    NoticeList,
    RouterLink,
    RouterLinkActive,
    RouterOutlet,
  ],
  templateUrl: './app.html',
  styleUrl: './app.scss',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class App {
  private readonly dialog = inject(MatDialog);
  private readonly clock = inject(Clock);
  protected readonly theme = inject(Theme);
  protected readonly session = inject(Session);
  protected readonly activity = inject(Activity);

  private readonly navigation = toSignal(
    inject(Router).events.pipe(filter((event) => event instanceof NavigationEnd)),
  );
  /** The console shows by itself what goes on in it. */
  protected readonly onConsole = computed(
    () => this.navigation()?.urlAfterRedirects.split('?')[0] === '/',
  );

  protected readonly themeIcon = computed<IconName>(
    () => ({ system: 'contrast', light: 'sun', dark: 'moon' })[this.theme.choice()] as IconName,
  );
  protected readonly themeLabel = computed(() => {
    switch (this.theme.choice()) {
      case 'system':
        return $localize`Colours: as the system has them`;
      case 'light':
        return $localize`Colours: light`;
      case 'dark':
        return $localize`Colours: dark`;
    }
  });
  protected readonly callTime = computed(() => {
    const call = this.activity.call();
    return call ? duration(this.clock.now() - call.since) : '';
  });

  constructor() {
    this.resume();
    inject(Shortcuts).use(inject(DestroyRef), [
      {
        key: '?',
        label: $localize`This list`,
        group: $localize`Everywhere`,
        run: () => void this.help(),
      },
    ]);
  }

  /** A shift goes on after a reload, on whichever page that was. */
  private resume(): void {
    if (!this.session.signedIn() || !shiftRemembered()) return;
    const injector = inject(Injector);
    void import('../console/queue/ring').then(({ Ring }) => injector.get(Ring));
  }

  protected async help(): Promise<void> {
    const { ShortcutHelp } = await import('./shortcut-help');
    this.dialog.open(ShortcutHelp, { width: '44rem', maxWidth: 'calc(100vw - 32px)' });
  }
}

function shiftRemembered(): boolean {
  try {
    return sessionStorage.getItem('patchbay.shift') !== null;
  } catch {
    return false;
  }
}
