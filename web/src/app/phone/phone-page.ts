import {
  ChangeDetectionStrategy,
  Component,
  DestroyRef,
  computed,
  effect,
  inject,
  signal,
  untracked,
} from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatDialog } from '@angular/material/dialog';
import { RouterLink } from '@angular/router';
import { firstValueFrom } from 'rxjs';

import { Level } from '../audio/level';
import { Meter, Meters } from '../audio/meter';
import { Microphone } from '../audio/microphone';
import { microphoneAdvice } from '../audio/problems';
import { Speaker } from '../audio/speaker';
import { Log } from '../conversation/log';
import { Session } from '../session/session';
import { Clock } from '../shell/clock';
import { duration } from '../shell/format';
import { Icon } from '../shell/icon';
import { Notices } from '../shell/notices';
import { Shortcuts } from '../shell/shortcuts';
import { stored } from '../shell/stored';
import { ThreadFeed } from '../threads/thread-feed';
import { CommandError } from '../wire/live-socket';
import { Keypad } from './keypad';
import { PhoneSound } from './phone-sound';
import { PhoneStore } from './phone-store';
import { standing } from './words';

/** A telephone in the page: anybody calls in as a customer, with no account and no phone. */
@Component({
  selector: 'pb-phone-page',
  imports: [Icon, Keypad, Level, Log, MatButton, RouterLink],
  providers: [PhoneSound, PhoneStore],
  templateUrl: './phone-page.html',
  styleUrl: './phone-page.scss',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class PhonePage {
  private readonly dialog = inject(MatDialog);
  private readonly notices = inject(Notices);
  private readonly session = inject(Session);
  private readonly clock = inject(Clock);
  private readonly meters = inject(Meters);
  private readonly feed = signal<ThreadFeed | null>(null);
  protected readonly phone = inject(PhoneStore);
  protected readonly microphone = inject(Microphone);
  protected readonly speaker = inject(Speaker);

  protected readonly name = stored(
    () => sessionStorage,
    'patchbay.phone.name',
    (value) => (typeof value === 'string' ? value : ''),
  );
  protected readonly keypad = signal(false);
  protected readonly permitted = signal(false);
  protected readonly meter = signal<Meter | null>(null);
  protected readonly view = this.phone.view;
  protected readonly words = computed(() => standing(this.view()));
  protected readonly advice = computed(() => {
    const problem = this.microphone.problem();
    return problem === null || this.view().phase === 'asking' ? null : microphoneAdvice(problem);
  });
  protected readonly time = computed(() => {
    const { startedAt, endedAt } = this.view();
    return startedAt === null ? '' : duration((endedAt ?? this.clock.now()) - startedAt);
  });
  /** What is said, without the notes that operators write for each other. */
  protected readonly captions = computed(() => {
    const { callId } = this.view();
    return (this.feed()?.messages() ?? []).filter(
      (message) => message.callId === callId && message.speaker !== 'system',
    );
  });

  constructor() {
    void this.microphone.permitted().then((yes) => this.permitted.set(yes));
    this.announce();
    this.listen();
    this.measure();
    inject(Shortcuts).use(inject(DestroyRef), [
      {
        key: 'm',
        label: $localize`Mute or unmute`,
        group: $localize`Phone`,
        run: () => this.mute(),
        when: this.phone.inCall,
      },
      {
        key: 'k',
        label: $localize`Keypad`,
        group: $localize`Phone`,
        run: () => this.keypad.update((shown) => !shown),
        when: this.phone.inCall,
      },
    ]);
  }

  /** Asked before the page is left: the call would end. */
  async mayLeave(): Promise<boolean> {
    if (!this.phone.inCall()) return true;
    const { LeaveDialog } = await import('./leave-dialog');
    const asked = this.dialog.open<unknown, unknown, boolean>(LeaveDialog, {
      maxWidth: 'min(30rem, calc(100vw - 32px))',
    });
    return (await firstValueFrom(asked.afterClosed())) === true;
  }

  protected async call(): Promise<void> {
    this.keypad.set(false);
    await this.phone.call(this.name());
    this.permitted.set(await this.microphone.permitted());
  }

  protected mute(): void {
    this.microphone.mute(!this.microphone.muted());
    this.notices.announce(
      this.microphone.muted() ? $localize`Microphone muted` : $localize`Microphone on`,
    );
  }

  protected async press(digit: string): Promise<void> {
    try {
      await this.phone.press(digit);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      this.notices.warning($localize`${digit} was not sent. ${error.message}`, { key: 'dtmf' });
    }
  }

  protected chosen(event: Event): string | null {
    return (event.target as HTMLSelectElement).value || null;
  }

  /** Screen readers hear how the call goes on. */
  private announce(): void {
    let said = this.words().title;
    effect(() => {
      const { title, more } = this.words();
      if (title === said) return;
      said = title;
      untracked(() => this.notices.announce(more ? `${title}. ${more}` : title));
    });
  }

  /** What is said in the call, for those who would rather read. */
  private listen(): void {
    const threadId = computed(() => this.view().threadId);
    effect((onCleanup) => {
      const id = threadId();
      if (id === null) return;
      untracked(() => {
        const feed = new ThreadFeed({
          threadId: id,
          token: () => this.session.token(),
          // The call goes on without captions.
          onRefused: () => false,
        });
        this.feed.set(feed);
        feed.open();
        onCleanup(() => feed.close());
      });
    });
  }

  private measure(): void {
    effect((onCleanup) => {
      const remote = this.phone.remote();
      const meter = remote ? this.meters.of(remote) : null;
      this.meter.set(meter);
      onCleanup(() => meter?.close());
    });
  }
}
