import { ChangeDetectionStrategy, Component, DestroyRef, inject, signal } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatDialogModule } from '@angular/material/dialog';
import { MatFormFieldModule } from '@angular/material/form-field';
import { MatSelectModule } from '@angular/material/select';
import { MatSlideToggle } from '@angular/material/slide-toggle';
import { MatSliderModule } from '@angular/material/slider';

import { Level } from '../../audio/level';
import { Microphone } from '../../audio/microphone';
import { microphoneAdvice } from '../../audio/problems';
import { record } from '../../audio/record';
import { Ringtone } from '../../audio/ringtone';
import { Sound } from '../../audio/sound';
import { Speaker } from '../../audio/speaker';
import { Icon } from '../../shell/icon';
import { Shift } from './shift';

const TEST_MS = 3000;

/** Which microphone, which speaker, how loud the ring; and a test that one hears oneself in. */
@Component({
  selector: 'pb-devices',
  imports: [
    Icon,
    Level,
    MatButton,
    MatDialogModule,
    MatFormFieldModule,
    MatSelectModule,
    MatSlideToggle,
    MatSliderModule,
  ],
  templateUrl: './devices.html',
  styleUrl: './devices.scss',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class Devices {
  protected readonly shift = inject(Shift);
  protected readonly microphone = inject(Microphone);
  protected readonly speaker = inject(Speaker);
  protected readonly ringtone = inject(Ringtone);
  private readonly sound = inject(Sound);
  private readonly hadMicrophone = this.microphone.stream() !== null;

  protected readonly test = signal<'idle' | 'recording' | 'playing'>('idle');
  protected readonly notifications = signal(notificationState());
  protected readonly advice = microphoneAdvice;
  protected readonly percent = (value: number) => `${Math.round(value * 100)} %`;

  constructor() {
    void this.sound.unlock();
    void this.microphone.open();
    inject(DestroyRef).onDestroy(() => {
      // Opened for choosing only: nobody wants a microphone that stays open off shift.
      if (!this.hadMicrophone && !this.shift.active() && this.shift.state() !== 'starting') {
        this.microphone.close();
      }
    });
  }

  protected async chooseMicrophone(id: string | null): Promise<void> {
    await this.shift.chooseMicrophone(id);
  }

  /** Three seconds of oneself, played back on the speaker chosen. */
  protected async hearMyself(): Promise<void> {
    const stream = this.microphone.raw();
    if (!stream || this.test() !== 'idle') return;
    try {
      this.test.set('recording');
      const clip = await record(stream, TEST_MS);
      this.test.set('playing');
      await this.speaker.playClip(clip);
    } finally {
      this.test.set('idle');
    }
  }

  protected async allowNotifications(): Promise<void> {
    await Notification.requestPermission();
    this.notifications.set(notificationState());
  }
}

function notificationState(): NotificationPermission | 'unsupported' {
  return typeof Notification === 'undefined' ? 'unsupported' : Notification.permission;
}
