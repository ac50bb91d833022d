import { ChangeDetectionStrategy, Component, computed, inject, viewChildren } from '@angular/core';

import { Icon } from '../../shell/icon';
import { ConsoleStore } from '../console-store';
import { Shift } from '../shift/shift';
import { Departure, callerName } from '../state';
import { Card } from './card';

/** The calls that wait, the longest first, and what became of those that left. */
@Component({
  selector: 'pb-queue',
  imports: [Card, Icon],
  templateUrl: './queue.html',
  styleUrl: './queue.scss',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class Queue {
  private readonly cards = viewChildren(Card);
  protected readonly store = inject(ConsoleStore);
  protected readonly shift = inject(Shift);
  protected readonly withBot = computed(
    () => this.store.live().filter((call) => call.state === 'bot').length,
  );
  protected readonly withOthers = computed(() => {
    const mine = this.store.call()?.callId;
    return this.store
      .live()
      .filter((call) => call.operator && call.callId !== mine)
      .filter(({ state }) => state === 'connecting' || state === 'bridged' || state === 'held');
  });

  /** Calls that are not offered here: nobody is rung who is off shift or away. */
  protected readonly elsewhere = computed(() => {
    if (this.shift.state() === 'on') return [];
    const here = new Set(this.store.waiting().map((call) => call.callId));
    return this.store
      .live()
      .filter((call) => call.state === 'handoff' && !here.has(call.callId))
      .map((call) => ({ callId: call.callId, who: callerName(call.caller) }));
  });

  /** Offer the reasons for declining the one who has waited longest. */
  decline(): void {
    this.cards()[0]?.openReasons();
  }

  protected why(departure: Departure): string {
    const { who, by } = departure;
    switch (departure.because) {
      case 'claimed':
        return $localize`${by} has taken the call of ${who}.`;
      case 'declined':
        return $localize`You declined ${who}; the others are still asked.`;
      case 'caller_hung_up':
        return sentence($localize`${who} hung up while waiting.`);
      case 'timed_out':
        return $localize`Nobody took ${who} in time; the bot has gone on.`;
      case 'cancelled':
        return sentence($localize`${who} does not wait any more.`);
    }
  }
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
