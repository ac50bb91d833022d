import { DestroyRef, Injectable, computed, effect, inject, signal, untracked } from '@angular/core';

import { Microphone } from '../../audio/microphone';
import { Sound } from '../../audio/sound';
import { Session } from '../../session/session';
import { Notices } from '../../shell/notices';
import { stored } from '../../shell/stored';
import { CommandError } from '../../wire/live-socket';
import { ConsoleStore } from '../console-store';
import { OperatorSocket, Presence } from '../operator-socket';
import { AudioLink } from './audio-link';
import { Leader } from './leader';
import { Wake, WakeReason } from './wake';

/**
 * `off`: no calls ring. `starting`: asking for the microphone. `on` and `away`: audio stands by, calls
 * ring or do not. `elsewhere`: another tab of this browser has the shift. `interrupted`: it was on when
 * the page was left, and wants a click to go on.
 */
export type ShiftState = 'off' | 'starting' | 'on' | 'away' | 'elsewhere' | 'interrupted';

/** How soon this tab notices that another one has begun or ended the shift. */
const LOOK_AROUND_MS = 1500;

/** Whether this operator takes calls, here. */
@Injectable({ providedIn: 'root' })
export class Shift {
  private readonly socket = inject(OperatorSocket);
  private readonly store = inject(ConsoleStore);
  private readonly session = inject(Session);
  private readonly microphone = inject(Microphone);
  private readonly sound = inject(Sound);
  private readonly audio = inject(AudioLink);
  private readonly leader = inject(Leader);
  private readonly notices = inject(Notices);
  private readonly current = signal<ShiftState>('off');
  /** What a reload goes on with. */
  private readonly remembered = stored<Remembered | null>(
    () => sessionStorage,
    'patchbay.shift',
    readRemembered,
  );
  /** The id of whose shift this is, or was last. */
  private whose: string | null = null;
  private lastWelcome = 0;

  readonly state = this.current.asReadonly();
  readonly active = computed(() => this.current() === 'on' || this.current() === 'away');

  constructor() {
    this.leader.whenLost(() => this.moved());
    inject(Wake).on((reason) => this.woke(reason));
    const timer = setInterval(() => void this.lookAround(), LOOK_AROUND_MS);
    inject(DestroyRef).onDestroy(() => clearInterval(timer));
    effect(() => {
      const welcomed = this.store.welcomed();
      untracked(() => this.welcomed(welcomed));
    });
    effect(() => {
      const lost = this.microphone.problem() === 'lost';
      untracked(() => lost && this.active() && void this.reopen());
    });
    effect(() => {
      // A shift outlives a sign-in that ran out, for whoever it belongs to and for nobody else.
      const other = this.session.operator()?.id;
      untracked(() => other !== undefined && other !== this.whose && this.forget());
    });
    effect(() => {
      const out = !this.session.signedIn() && this.session.reason() === null;
      untracked(() => out && this.forget());
    });
  }

  /** Everything a shift needs, in one click. Resolves with whether it is on. */
  async start(presence: Presence = 'available'): Promise<boolean> {
    const operator = this.session.operator();
    if (!operator || this.current() === 'starting') return false;
    const before = this.current();
    this.current.set('starting');
    void this.sound.unlock();
    void askForNotifications();
    const stream = await this.microphone.open();
    if (!stream) {
      this.current.set(before === 'interrupted' ? 'interrupted' : 'off');
      return false;
    }
    // A page that hears the microphone may make sounds, in browsers that did not let it before.
    void this.sound.unlock();
    await this.leader.take(operator.id, true);
    this.whose = operator.id;
    this.current.set(presence === 'away' ? 'away' : 'on');
    this.remember(presence);
    void this.audio.start(stream);
    await this.tell(presence);
    return true;
  }

  /** No more calls, no microphone. */
  async stop(): Promise<void> {
    this.current.set('off');
    this.remembered.set(null);
    this.audio.stop();
    this.microphone.close();
    this.microphone.mute(false);
    await this.tell('away');
    this.leader.release();
  }

  async setAway(away: boolean): Promise<void> {
    if (!this.active()) return;
    this.current.set(away ? 'away' : 'on');
    this.remember(away ? 'away' : 'available');
    await this.tell(away ? 'away' : 'available');
  }

  /** Take a call, going on shift first where this tab is not. */
  async accept(callId: string): Promise<void> {
    const cold = !this.active();
    if (cold && !(await this.start())) return;
    this.microphone.mute(false);
    try {
      await this.store.accept(callId);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      // The newest audio connection has failed: make another, then ask again.
      await this.audio.renew();
      if (await this.audio.ready(6000)) await this.secondTry(callId);
      else this.notices.error(noAudio(), { key: 'accept' });
    }
  }

  /** Another microphone from now on. */
  async chooseMicrophone(id: string | null): Promise<void> {
    const stream = await this.microphone.choose(id);
    if (stream && this.active()) await this.audio.start(stream);
  }

  /** Ask for the microphone again after it could not be had. */
  async reopen(): Promise<void> {
    const stream = await this.microphone.open();
    if (stream && this.active()) await this.audio.start(stream);
  }

  /** Have the audio back from another browser. */
  async reclaim(): Promise<void> {
    const stream = await this.microphone.open();
    if (stream) await this.audio.start(stream);
  }

  private async secondTry(callId: string): Promise<void> {
    try {
      await this.store.accept(callId);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      this.notices.error(noAudio(), { key: 'accept' });
    }
  }

  private welcomed(count: number): void {
    if (count === 0 || count === this.lastWelcome) return;
    const first = this.lastWelcome === 0;
    this.lastWelcome = count;
    if (this.active()) {
      // The server may be a new one, or may have closed our audio while we were away.
      void this.audio.renew();
      void this.tell(this.current() === 'away' ? 'away' : 'available');
      if (!first) this.notices.success($localize`Connected again.`, { key: 'connection' });
    } else if (first) {
      const before = this.remembered();
      if (before && before.who === this.session.operator()?.id) void this.resume(before.presence);
    }
  }

  /** After a reload: go on without a click where the browser lets us. */
  private async resume(presence: Presence): Promise<void> {
    const operator = this.session.operator();
    if (!operator || this.active()) return;
    if (!(await this.leader.take(operator.id, false))) {
      this.current.set('elsewhere');
      return;
    }
    if (!(await this.microphone.permitted())) {
      this.current.set('interrupted');
      return;
    }
    if ((await this.start(presence)) && this.store.talking()) {
      this.notices.info($localize`This page was reloaded. Your call goes on.`, { key: 'wake' });
    }
  }

  private async lookAround(): Promise<void> {
    const operator = this.session.operator();
    if (!operator || (this.current() !== 'off' && this.current() !== 'elsewhere')) return;
    const elsewhere = await this.leader.elsewhere(operator.id);
    // Something may have been clicked meanwhile.
    if (this.current() === 'off' && elsewhere) this.current.set('elsewhere');
    else if (this.current() === 'elsewhere' && !elsewhere) this.current.set('off');
  }

  private woke(reason: WakeReason): void {
    // Off shift there is no hurry: the socket notices by itself.
    if (!this.active()) return;
    void this.socket.check(this.current() === 'away' ? 'away' : 'available');
    void this.audio.renew();
    const say = {
      slept: $localize`This computer was asleep. The audio is being renewed.`,
      online: $localize`Back online. The audio is being renewed.`,
      network: $localize`The network has changed. The audio is being renewed.`,
    };
    this.notices.info(say[reason], { key: 'wake' });
  }

  /** Another tab has the shift now. */
  private moved(): void {
    this.audio.stop();
    this.microphone.close();
    this.remembered.set(null);
    this.current.set('elsewhere');
  }

  private remember(presence: Presence): void {
    this.remembered.set(this.whose === null ? null : { who: this.whose, presence });
  }

  private forget(): void {
    if (!this.active()) return;
    this.audio.stop();
    this.microphone.close();
    this.leader.release();
    this.remembered.set(null);
    this.current.set('off');
  }

  private async tell(presence: Presence): Promise<void> {
    // Without a connection, the next welcome tells it.
    if (this.socket.state() !== 'connected') return;
    try {
      await this.socket.setPresence(presence);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      this.notices.error(error.message, { key: 'presence' });
    }
  }
}

interface Remembered {
  readonly who: string;
  readonly presence: Presence;
}

function readRemembered(value: unknown): Remembered | null {
  if (typeof value !== 'object' || value === null) return null;
  const { who, presence } = value as Record<string, unknown>;
  if (typeof who !== 'string' || (presence !== 'available' && presence !== 'away')) return null;
  return { who, presence };
}

function noAudio(): string {
  return $localize`Your audio does not reach the server, so this call could not be taken. It goes on ringing for the others.`;
}

async function askForNotifications(): Promise<void> {
  if (typeof Notification === 'undefined' || Notification.permission !== 'default') return;
  await Notification.requestPermission();
}
