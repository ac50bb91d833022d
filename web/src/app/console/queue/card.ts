import {
  ChangeDetectionStrategy,
  Component,
  computed,
  inject,
  input,
  viewChild,
} from '@angular/core';
import { MatButton } from '@angular/material/button';
import { MatMenuModule, MatMenuTrigger } from '@angular/material/menu';

import { Microphone } from '../../audio/microphone';
import { lateWord } from '../../conversation/entries';
import { label } from '../../conversation/label';
import { Clock } from '../../shell/clock';
import { duration, phoneNumber } from '../../shell/format';
import { Icon } from '../../shell/icon';
import { IncomingCall } from '../../wire/views';
import { lineLost } from '../call/words';
import { ConsoleStore } from '../console-store';
import { Shift } from '../shift/shift';
import { callerName } from '../state';

const LAST_LINES = 3;
/** Below this the card says that time runs out, in words too. */
const SOON_MS = 10_000;

/** One call that waits: who, why, how long still, and the two answers. */
@Component({
  selector: 'pb-card',
  imports: [Icon, MatButton, MatMenuModule],
  templateUrl: './card.html',
  styleUrl: './card.scss',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class Card {
  private readonly clock = inject(Clock);
  private readonly shift = inject(Shift);
  private readonly microphone = inject(Microphone);
  protected readonly store = inject(ConsoleStore);

  readonly call = input.required<IncomingCall>();
  /** The one that the keys are for. */
  readonly first = input(false);
  /** While somebody is on a call, the others take less room. */
  readonly compact = input(false);

  private readonly reasons = viewChild.required(MatMenuTrigger);

  protected readonly name = computed(() => callerName(this.call().caller));
  protected readonly number = computed(() => {
    const { name, number } = this.call().caller;
    return name && number ? phoneNumber(number) : null;
  });
  protected readonly lines = computed(() =>
    this.store
      .transcript(this.call().callId)
      .filter((message) => message.speaker !== 'system')
      .slice(-LAST_LINES)
      .map((message) => ({
        message,
        who: label(message),
        late: message.late ? lateWord(message.startedAt, this.clock.now()) : null,
      })),
  );
  protected readonly lineLost = computed(() =>
    this.store.live().some(({ callId, line }) => callId === this.call().callId && line === 'lost')
      ? lineLost()
      : null,
  );
  protected readonly declines = computed(() =>
    this.store
      .declines(this.call().callId)
      .map(({ operator: { name }, reason }) =>
        reason ? $localize`${name} declined: ${reason}` : $localize`${name} declined`,
      ),
  );
  protected readonly waited = computed(() =>
    duration(this.clock.serverNow() - this.call().requestedAt),
  );
  private readonly wholeMs = computed(() => this.call().expiresAt - this.call().requestedAt);
  // Our clock ticks once a second, so a new call may seem to have more time than there is.
  private readonly leftMs = computed(() =>
    Math.min(this.wholeMs(), Math.max(0, this.call().expiresAt - this.clock.serverNow())),
  );
  protected readonly left = computed(() => duration(Math.min(this.leftMs() + 999, this.wholeMs())));
  protected readonly soon = computed(() => this.leftMs() < SOON_MS);
  protected readonly share = computed(() => {
    const whole = this.wholeMs();
    return whole > 0 ? this.leftMs() / whole : 0;
  });
  protected readonly busy = computed(
    () => this.store.busy('accept', this.call().callId) || this.shift.state() === 'starting',
  );
  protected readonly pending = this.microphone.pending;
  protected readonly declineReasons = [
    $localize`I am busy with something else`,
    $localize`Not my area`,
    $localize`Needs somebody with more rights`,
  ];

  protected async accept(): Promise<void> {
    if (!this.busy() && !this.store.talking()) await this.shift.accept(this.call().callId);
  }

  protected async decline(reason: string | null): Promise<void> {
    await this.store.decline(this.call().callId, reason);
  }

  /** Offer the reasons, for whoever declines by keyboard. */
  openReasons(): void {
    this.reasons().openMenu();
  }
}
