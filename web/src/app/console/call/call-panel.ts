import {
  ChangeDetectionStrategy,
  Component,
  ElementRef,
  computed,
  inject,
  signal,
  viewChild,
} from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatDialog } from '@angular/material/dialog';
import { MatTooltip } from '@angular/material/tooltip';

import { RouterLink } from '@angular/router';

import { Level } from '../../audio/level';
import { Microphone } from '../../audio/microphone';
import { Log } from '../../conversation/log';
import { Clock } from '../../shell/clock';
import { duration, phoneNumber } from '../../shell/format';
import { Icon } from '../../shell/icon';
import { Notices } from '../../shell/notices';
import { ConsoleStore } from '../console-store';
import { AudioLink } from '../shift/audio-link';
import { Shift } from '../shift/shift';
import { callerName, talkingSince } from '../state';
import { Composer } from './composer';
import { Context } from './context';
import { Keypad } from './keypad';
import { Listening } from './listening';
import { Road } from './road';
import { TranscriptBar } from './transcript-bar';
import { callWord, holdWait, keysWait } from './words';

/** The operator's call: being spoken, or just over. */
@Component({
  selector: 'pb-call-panel',
  imports: [
    Composer,
    Context,
    Icon,
    Keypad,
    Level,
    Log,
    MatButton,
    MatTooltip,
    Road,
    RouterLink,
    TranscriptBar,
  ],
  templateUrl: './call-panel.html',
  styleUrl: './call-panel.scss',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class CallPanel {
  private readonly dialog = inject(MatDialog);
  private readonly clock = inject(Clock);
  private readonly notices = inject(Notices);
  private readonly composer = viewChild(Composer);
  private readonly transcriptBar = viewChild(TranscriptBar);
  private readonly heading = viewChild<ElementRef<HTMLElement>>('heading');
  protected readonly store = inject(ConsoleStore);
  protected readonly audio = inject(AudioLink);
  protected readonly microphone = inject(Microphone);
  protected readonly shift = inject(Shift);
  protected readonly listening = inject(Listening);

  protected readonly keypad = signal(false);
  protected readonly details = signal(false);
  protected readonly call = this.store.call;
  protected readonly name = computed(() => {
    const call = this.call();
    return call ? callerName(call.caller) : '';
  });
  /** What to call the caller within a sentence; null where nothing is known of them. */
  private readonly known = computed(() => {
    const caller = this.call()?.caller;
    return caller?.name || phoneNumber(caller?.number ?? '') || null;
  });
  protected readonly number = computed(() => {
    const caller = this.call()?.caller;
    return caller?.name && caller.number ? phoneNumber(caller.number) : null;
  });
  protected readonly word = computed(() => {
    const [call, phase] = [this.call(), this.store.phase()];
    return call && phase ? callWord(call, phase, this.audio.up() || !this.shift.active()) : '';
  });
  protected readonly lasts = computed(() => {
    const call = this.call();
    const from = call && talkingSince(call);
    if (!call || !from) return '';
    return duration((call.endedAt ?? this.clock.serverNow()) - from);
  });
  /** Why there is nothing to hold, and why no key would be heard; null where it can be done. */
  protected readonly holdWait = computed(() => holdWait(this.call()?.state ?? 'ended'));
  protected readonly keysWait = computed(() => keysWait(this.call()?.state ?? 'ended'));
  protected readonly held = computed(() => this.call()?.state === 'held');

  mute(): void {
    if (this.store.talking()) this.microphone.mute(!this.microphone.muted());
  }

  async hold(): Promise<void> {
    const call = this.call();
    if (!call || !this.store.talking()) return;
    const wait = this.holdWait();
    if (wait === null) await this.store.hold(call.callId, !this.held());
    else this.notices.info(wait, { key: 'hold' });
  }

  async pauseTranscript(): Promise<void> {
    await this.transcriptBar()?.toggle();
  }

  async release(): Promise<void> {
    if (!this.store.talking()) return;
    const { ReleaseDialog } = await import('./release-dialog');
    const before = this.call()?.callId;
    const dialog = this.dialog.open(ReleaseDialog, {
      width: '30rem',
      maxWidth: 'calc(100vw - 32px)',
      data: { callId: before, name: this.known() },
    });
    dialog.afterClosed().subscribe(() => this.focus());
  }

  async hangUp(): Promise<void> {
    const call = this.call();
    if (!call || !this.store.talking()) return;
    const { HangUpDialog } = await import('./hang-up-dialog');
    this.dialog.open(HangUpDialog, {
      width: '24rem',
      maxWidth: 'calc(100vw - 32px)',
      data: { callId: call.callId, name: this.known() },
    });
  }

  toggleKeypad(): void {
    if (this.store.talking()) this.keypad.update((open) => !open);
  }

  say(): void {
    this.composer()?.focus();
  }

  /** Where a keyboard goes on when what it stood on is gone. */
  focus(): void {
    this.heading()?.nativeElement.focus();
  }
}
