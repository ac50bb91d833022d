import { Injectable, computed, effect, inject, signal, untracked } from '@angular/core';

import { Api } from '../session/api';
import { Session } from '../session/session';
import { Clock } from '../shell/clock';
import { Notices } from '../shell/notices';
import { CommandError } from '../wire/live-socket';
import {
  parseCallClaimed,
  parseCallDeclined,
  parseCallView,
  parseCallWithdrawn,
  parseIncomingCall,
  parseQuality,
  parseThread,
  parseTranscript,
  parseWelcome,
} from '../wire/parse';
import { CallDeclined, Welcome } from '../wire/views';
import { Briefs } from './briefs';
import { OperatorSocket } from './operator-socket';
import * as reduce from './reduce';
import { ConsoleState, EMPTY, Phase, phaseOf } from './state';

export type Command =
  'accept' | 'decline' | 'release' | 'hangup' | 'hold' | 'pause' | 'say' | 'dtmf';

const DEPARTURE_SHOWN_MS = 20_000;

/** What the console shows, and what its operator may do. */
@Injectable({ providedIn: 'root' })
export class ConsoleStore {
  private readonly socket = inject(OperatorSocket);
  private readonly api = inject(Api);
  private readonly clock = inject(Clock);
  private readonly notices = inject(Notices);
  private readonly briefs = inject(Briefs);
  private readonly state = signal<ConsoleState>(EMPTY);
  private readonly inHand = signal<ReadonlySet<string>>(new Set());
  private readonly welcomes = signal(0);

  readonly connection = this.socket.state;
  /** How often the server has welcomed us: 0 until the screen is first built. */
  readonly welcomed = this.welcomes.asReadonly();
  readonly operator = computed(() => this.state().operator);
  readonly waiting = computed(() => this.state().waiting);
  readonly departures = computed(() => this.state().departures);
  readonly quality = computed(() => this.state().quality);
  readonly resumePoints = computed(() => this.state().resumePoints);
  readonly iceServers = computed(() => this.state().iceServers);
  /** Calls in progress, ours included. */
  readonly live = computed(() =>
    [...this.state().calls.values()].filter((c) => c.state !== 'ended'),
  );
  /** Our own call, being spoken or just over. */
  readonly call = computed(() => {
    const { mine, calls } = this.state();
    return mine === null ? null : (calls.get(mine) ?? null);
  });
  /** Why our call was handed over; null where nobody knows. */
  readonly brief = computed(() => {
    const call = this.call();
    return call && this.briefs.of(call);
  });
  readonly phase = computed<Phase | null>(() => {
    const call = this.call();
    return call && phaseOf(call, this.operator()?.id ?? '');
  });
  readonly talking = computed(() => this.phase() === 'live');
  readonly messages = computed(() => this.transcript(this.state().mine));

  constructor() {
    const { socket } = this;
    socket.on('welcome', parseWelcome, (welcome) => this.welcome(welcome));
    socket.on('incoming_call', parseIncomingCall, (call) => this.update(reduce.offered, call));
    socket.on('call_claimed', parseCallClaimed, (claim) =>
      this.update(reduce.claimed, claim, Date.now()),
    );
    socket.on('call_declined', parseCallDeclined, (event) =>
      this.update(reduce.declinedBy, event, Date.now()),
    );
    socket.on('call_withdrawn', parseCallWithdrawn, (event) =>
      this.update(reduce.withdrawn, event, Date.now()),
    );
    socket.on('call_state', parseCallView, (call) => this.update(reduce.callChanged, call));
    socket.on('transcript', parseTranscript, (event) => this.update(reduce.said, event));
    socket.on('quality', parseQuality, (quality) => this.update(reduce.measured, quality));
    const mine = computed(() => this.state().mine);
    effect(() => {
      // Asked again after each welcome: what was said while we were away is in the thread.
      this.welcomes();
      const callId = mine();
      if (callId !== null) untracked(() => void this.load(callId));
    });
    effect(() => {
      const { brief } = this.state();
      if (brief) untracked(() => this.briefs.keep(brief));
    });
    effect(() => {
      const oldest = this.clock.now() - DEPARTURE_SHOWN_MS;
      untracked(() => this.update(reduce.departuresSince, oldest));
    });
    const session = inject(Session);
    effect(() => {
      // What one operator saw is not for the next one. Somebody who signs in again finds it in the welcome.
      if (session.signedIn() || session.reason() !== null) return;
      untracked(() => {
        this.state.set(EMPTY);
        this.briefs.keep(null);
      });
    });
  }

  /** What was said in a call that this screen shows. */
  transcript(callId: string | null) {
    return (callId !== null && this.state().transcripts.get(callId)) || [];
  }

  /** Who has left a call that waits to the others. */
  declines(callId: string): readonly CallDeclined[] {
    return this.state().declines.get(callId) ?? [];
  }

  /** True while this command for this call is on its way. */
  busy(command: Command, callId: string): boolean {
    return this.inHand().has(`${command} ${callId}`);
  }

  /** Resolves with whether we have the call. `no_audio` is thrown, since others can do something about it. */
  async accept(callId: string): Promise<boolean> {
    return this.command('accept', callId, async () => {
      try {
        const call = await this.socket.accept(callId);
        // A `call_state` may have overtaken the answer, and is newer.
        if (this.state().mine !== callId || !this.talking()) this.update(reduce.callChanged, call);
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        if (error.code === 'no_audio') throw error;
        if (error.code === 'already_claimed' && error.holder) {
          this.update(reduce.claimed, { callId, operator: error.holder }, Date.now());
          const who = error.holder.name;
          this.notices.info($localize`${who} was faster and has this call.`);
          return false;
        }
        if (error.code === 'gone') {
          this.update(reduce.withdrawn, { callId, reason: 'cancelled' }, Date.now());
          this.notices.info($localize`This call is not waiting any more.`);
          return false;
        }
        throw error;
      }
      return true;
    });
  }

  async decline(callId: string, reason: string | null): Promise<void> {
    await this.command('decline', callId, async () => {
      try {
        await this.socket.decline(callId, reason);
      } catch (error) {
        // It is gone, which is what was wanted.
        if (!(error instanceof CommandError && error.code === 'gone')) throw error;
      }
      this.update(reduce.declined, callId, Date.now());
    });
  }

  /** Back to the bot; resolves with whether it went. */
  async release(callId: string, note: string, resumeAt: string | null): Promise<boolean> {
    return this.command('release', callId, () => this.socket.release(callId, note, resumeAt));
  }

  async hangUp(callId: string): Promise<boolean> {
    return this.command('hangup', callId, () => this.socket.hangUp(callId));
  }

  async hold(callId: string, on: boolean): Promise<boolean> {
    return this.command('hold', callId, () => this.socket.hold(callId, on));
  }

  /** Have nothing written down from now on, or again. */
  async pauseTranscript(callId: string, on: boolean): Promise<boolean> {
    return this.command('pause', callId, () => this.socket.pauseTranscript(callId, on));
  }

  /** Speak a text to the caller in the bot's voice; resolves with whether it was taken. */
  async say(callId: string, text: string): Promise<boolean> {
    return this.command('say', callId, () => this.socket.say(callId, text));
  }

  async dtmf(callId: string, digits: string): Promise<boolean> {
    return this.command('dtmf', callId, () => this.socket.dtmf(callId, digits));
  }

  /** Done with a call that is over. */
  dismiss(): void {
    this.update(reduce.dismissed);
  }

  private welcome(welcome: Welcome): void {
    this.clock.synchronise(welcome.serverTime);
    this.update(reduce.welcomed, welcome);
    this.welcomes.update((count) => count + 1);
  }

  private update<A extends unknown[]>(
    reducer: (state: ConsoleState, ...rest: A) => ConsoleState,
    ...rest: A
  ): void {
    this.state.update((state) => reducer(state, ...rest));
  }

  /** Do it once, whatever is clicked meanwhile; a failure is said. Resolves with whether it was done. */
  private async command(
    command: Command,
    callId: string,
    run: () => Promise<boolean | void>,
  ): Promise<boolean> {
    const name = `${command} ${callId}`;
    if (this.inHand().has(name)) return false;
    this.inHand.update((set) => new Set(set).add(name));
    try {
      return (await run()) ?? true;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      if (command === 'accept' && error.code === 'no_audio') throw error;
      this.notices.error(error.message, { key: command });
      return false;
    } finally {
      this.inHand.update((set) => new Set([...set].filter((other) => other !== name)));
    }
  }

  private async load(callId: string): Promise<void> {
    const threadId = this.state().calls.get(callId)?.threadId;
    if (threadId === undefined) return;
    try {
      const thread = await this.api.get(
        `/api/threads/${encodeURIComponent(threadId)}`,
        parseThread,
      );
      this.update(reduce.threadLoaded, callId, thread.messages);
    } catch {
      this.notices.warning(
        $localize`What was said before could not be fetched; what is said from now on is shown.`,
        { key: 'thread' },
      );
    }
  }
}
