import {
  ChangeDetectionStrategy,
  Component,
  DestroyRef,
  afterRenderEffect,
  inject,
  viewChild,
} from '@angular/core';

import { Shortcuts } from '../shell/shortcuts';
import { CallPanel } from './call/call-panel';
import { ConsoleStore } from './console-store';
import { Queue } from './queue/queue';
import { Ring } from './queue/ring';
import { Shift } from './shift/shift';
import { ShiftBar } from './shift/shift-bar';
import { ShiftStart } from './shift/shift-start';

/** Where operators spend their day: the queue at the left, their call at the right. */
@Component({
  selector: 'pb-console-page',
  imports: [CallPanel, Queue, ShiftBar, ShiftStart],
  templateUrl: './console-page.html',
  styleUrl: './console-page.scss',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ConsolePage {
  protected readonly store = inject(ConsoleStore);
  protected readonly shift = inject(Shift);
  protected readonly ring = inject(Ring);
  private readonly panel = viewChild(CallPanel);
  private readonly queue = viewChild.required(Queue);
  private shown: string | null = null;

  constructor() {
    this.shortcuts();
    afterRenderEffect(() => {
      const callId = this.store.call()?.callId ?? null;
      const panel = this.panel();
      // The card that had the focus is gone: the keyboard goes on at the call.
      if (callId !== this.shown && panel) panel.focus();
      this.shown = callId;
    });
  }

  private shortcuts(): void {
    const [waiting, call] = [$localize`Somebody waits`, $localize`On a call`];
    const idle = () => this.store.waiting().length > 0 && !this.store.talking();
    const some = () => this.store.waiting().length > 0;
    const talking = () => this.store.talking();
    const panel = (run: (panel: CallPanel) => unknown) => () => {
      const open = this.panel();
      if (open) void run(open);
    };
    inject(Shortcuts).use(inject(DestroyRef), [
      {
        key: 'a',
        label: $localize`Accept the one who waits longest`,
        group: waiting,
        when: idle,
        run: () => void this.accept(),
      },
      {
        key: 'd',
        label: $localize`Decline, with or without a reason`,
        group: waiting,
        when: some,
        run: () => this.queue().decline(),
      },
      {
        key: 'm',
        label: $localize`Mute your microphone`,
        group: call,
        when: talking,
        run: panel((p) => p.mute()),
      },
      {
        key: 'h',
        label: $localize`Hold, and back`,
        group: call,
        when: talking,
        run: panel((p) => p.hold()),
      },
      {
        key: 'k',
        label: $localize`Keypad`,
        group: call,
        when: talking,
        run: panel((p) => p.toggleKeypad()),
      },
      {
        key: 't',
        label: $localize`Pause the transcript, and back`,
        group: call,
        when: talking,
        run: panel((p) => p.pauseTranscript()),
      },
      {
        key: '/',
        label: $localize`Type to speak`,
        group: call,
        when: talking,
        run: panel((p) => p.say()),
      },
      {
        key: 'b',
        label: $localize`Back to the bot`,
        group: call,
        when: talking,
        run: panel((p) => p.release()),
      },
      {
        key: 'e',
        label: $localize`End the call (asks first)`,
        group: call,
        when: talking,
        run: panel((p) => p.hangUp()),
      },
      {
        key: 'w',
        label: $localize`Away, and back`,
        group: $localize`Shift`,
        when: () => this.shift.active(),
        run: () => void this.shift.setAway(this.shift.state() !== 'away'),
      },
    ]);
  }

  private async accept(): Promise<void> {
    const first = this.store.waiting()[0];
    if (first) await this.shift.accept(first.callId);
  }
}
