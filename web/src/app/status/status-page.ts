import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { MatButton } from '@angular/material/button';
import { RouterLink } from '@angular/router';

import { Session } from '../session/session';
import { Clock } from '../shell/clock';
import { clockTime, dayTime, duration } from '../shell/format';
import { Icon } from '../shell/icon';
import { Absent } from './absent';
import { ConfigForm } from './config/config-form';
import { StatusStore } from './status-store';
import {
  Fact,
  agentName,
  deviceState,
  engineFact,
  modelFact,
  outboxFact,
  sessionCard,
  unknown,
  uptime,
} from './words';

/** How the server is: system, sessions, agents, phones and what the phone app is to do. For operators. */
@Component({
  selector: 'pb-status-page',
  imports: [Absent, ConfigForm, Icon, MatButton, RouterLink],
  providers: [StatusStore],
  templateUrl: './status-page.html',
  styleUrl: './status-page.scss',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class StatusPage {
  private readonly clock = inject(Clock);
  private readonly session = inject(Session);
  protected readonly store = inject(StatusStore);
  protected readonly agentName = agentName;
  protected readonly deviceState = deviceState;
  protected readonly denied = computed(() => !this.session.signedIn());

  protected readonly health = this.store.health.value;
  protected readonly missing = computed(() => Object.entries(this.health()?.missing ?? {}));
  /** What happened at all; a list of noughts says nothing. */
  protected readonly counts = computed(() =>
    Object.entries(this.health()?.counts ?? {}).filter(([, count]) => count > 0),
  );
  protected readonly version = computed(() => this.store.status.value()?.version ?? null);
  protected readonly facts = computed<readonly Fact[]>(() => {
    const status = this.store.status.value();
    return [
      engineFact($localize`Speech recognition`, status?.engines?.stt ?? null),
      engineFact($localize`Voice`, status?.engines?.tts ?? null),
      modelFact($localize`Language model`, status?.engines?.llm ?? null),
      status ? outboxFact('alive5', status.outbox) : unknown('alive5'),
      {
        ...unknown($localize`Up for`),
        ...(status?.uptimeS != null && { word: uptime(status.uptimeS) }),
      },
    ];
  });

  protected readonly agents = computed(() => this.store.status.value()?.agents ?? null);
  protected readonly phones = computed(() => this.store.status.value()?.phones ?? null);
  protected readonly sessions = computed(() => {
    const live = this.store.calls.value()?.filter((call) => call.state !== 'ended');
    return live
      ?.toSorted((a, b) => b.startedAt - a.startedAt)
      .map((call) => sessionCard(call, this.agents()));
  });

  constructor() {
    this.store.look();
  }

  /** A sentence of the server's in pieces, every other one of which is to be typed as it stands. */
  protected spans(sentence: string): readonly string[] {
    return sentence.split('`');
  }

  protected since(ms: number): string {
    return duration(this.clock.serverNow() - ms);
  }

  /** Today the time says enough. */
  protected when(ms: number): string {
    const today = new Date(this.clock.now()).toDateString() === new Date(ms).toDateString();
    return today ? clockTime(ms) : dayTime(ms);
  }

  /** Who is in a call, by its session id; null for one that is over. */
  protected card(callId: string) {
    return this.sessions()?.find((each) => each.call.callId === callId) ?? null;
  }
}
