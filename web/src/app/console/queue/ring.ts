import { Injectable, computed, effect, inject, untracked } from '@angular/core';
import { Router } from '@angular/router';

import { Ringtone } from '../../audio/ringtone';
import { Activity } from '../../shell/activity';
import { Notices } from '../../shell/notices';
import { IncomingCall } from '../../wire/views';
import { ConsoleStore } from '../console-store';
import { Shift } from '../shift/shift';
import { callerName, talkingSince } from '../state';

/**
 * Tells the operator that somebody waits: sound, desktop notification, tab title, screen reader.
 *
 * Only in the tab that has the shift, and without sound while the operator is on a call.
 */
@Injectable({ providedIn: 'root' })
export class Ring {
  private readonly store = inject(ConsoleStore);
  private readonly shift = inject(Shift);
  private readonly ringtone = inject(Ringtone);
  private readonly notices = inject(Notices);
  private readonly activity = inject(Activity);
  private readonly router = inject(Router);
  private readonly announced = new Set<string>();
  private readonly notifications = new Map<string, Notification>();

  /** The calls that ring here. */
  readonly calls = computed(() => (this.shift.state() === 'on' ? this.store.waiting() : []));

  constructor() {
    effect(() => {
      const calls = this.calls();
      const talking = this.store.talking();
      untracked(() => this.show(calls, talking));
    });
    effect(() => {
      const call = this.store.call();
      const since = (call && talkingSince(call)) ?? call?.startedAt ?? 0;
      const live = this.store.talking() && call;
      this.activity.call.set(live ? { who: callerName(call.caller), since } : null);
    });
  }

  private show(calls: readonly IncomingCall[], talking: boolean): void {
    this.activity.ringing.set(calls.map((call) => callerName(call.caller)));
    if (calls.length > 0 && !talking) this.ringtone.start();
    else this.ringtone.stop();
    // A call that is offered again is a new ring.
    const offers = new Set(calls.map(offer));
    for (const known of this.announced) if (!offers.has(known)) this.announced.delete(known);
    for (const [callId, notification] of this.notifications) {
      if (calls.some((call) => call.callId === callId)) continue;
      notification.close();
      this.notifications.delete(callId);
    }
    for (const call of calls) {
      if (this.announced.has(offer(call))) continue;
      this.announced.add(offer(call));
      this.announce(call, talking);
    }
  }

  private announce(call: IncomingCall, talking: boolean): void {
    const who = callerName(call.caller);
    const text = $localize`${who} is calling, queue ${call.queue}. ${call.reason}`;
    this.notices.announce(text, talking ? 'polite' : 'assertive');
    if (!talking && !document.hasFocus()) this.notify(call, who);
  }

  private notify(call: IncomingCall, who: string): void {
    if (typeof Notification === 'undefined' || Notification.permission !== 'granted') return;
    let notification: Notification;
    try {
      notification = new Notification($localize`${who} is calling`, {
        body: call.reason || call.summary,
        tag: call.callId,
        icon: 'favicon-ringing.svg',
        requireInteraction: true,
      });
    } catch {
      // Phones show notifications from service workers only. The ring is loud enough there.
      return;
    }
    notification.onclick = () => {
      window.focus();
      void this.router.navigateByUrl('/');
      notification.close();
    };
    this.notifications.set(call.callId, notification);
  }
}

function offer(call: IncomingCall): string {
  return `${call.callId} ${call.expiresAt}`;
}
