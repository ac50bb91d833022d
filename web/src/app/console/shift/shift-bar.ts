import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { MatButton, MatIconButton } from '@angular/material/button';
import { MatDialog } from '@angular/material/dialog';
import { MatTooltip } from '@angular/material/tooltip';

import { Level } from '../../audio/level';
import { Microphone } from '../../audio/microphone';
import { Ringtone } from '../../audio/ringtone';
import { Icon } from '../../shell/icon';
import { ConsoleStore } from '../console-store';
import { AudioLink } from './audio-link';
import { Problems } from './problems';
import { Shift } from './shift';

/** Whether one is on shift, with what, and what stands in the way. */
@Component({
  selector: 'pb-shift-bar',
  imports: [Icon, Level, MatButton, MatIconButton, MatTooltip],
  templateUrl: './shift-bar.html',
  styleUrl: './shift-bar.scss',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ShiftBar {
  private readonly dialog = inject(MatDialog);
  protected readonly shift = inject(Shift);
  protected readonly store = inject(ConsoleStore);
  protected readonly audio = inject(AudioLink);
  protected readonly microphone = inject(Microphone);
  protected readonly ringtone = inject(Ringtone);
  protected readonly problems = inject(Problems);

  protected readonly tone = computed(() => {
    if (!this.shift.active()) return 'off';
    if (this.store.talking()) return 'busy';
    if (this.shift.state() === 'away') return 'away';
    return this.audio.up() ? 'ready' : 'wait';
  });
  protected readonly word = computed(() => {
    switch (this.tone()) {
      case 'busy':
        return $localize`On a call`;
      case 'away':
        return $localize`Away: no calls ring`;
      case 'ready':
        return $localize`On shift, ready`;
      case 'wait':
        return $localize`On shift, connecting audio…`;
      default:
        return this.shift.state() === 'elsewhere'
          ? $localize`On shift in another tab`
          : $localize`Off shift`;
    }
  });

  protected readonly ringOn = $localize`The ring is on`;
  protected readonly ringOff = $localize`The ring is muted`;

  protected async devices(): Promise<void> {
    const { Devices } = await import('./devices');
    this.dialog.open(Devices, { width: '30rem', maxWidth: 'calc(100vw - 32px)' });
  }
}
