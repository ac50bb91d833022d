import { DestroyRef, Injectable, computed, inject, signal } from '@angular/core';

import { Microphone } from '../audio/microphone';
import { Sound } from '../audio/sound';
import { Session, whySignInAgain } from '../session/session';
import { stored } from '../shell/stored';
import { CommandError } from '../wire/live-socket';
import { parseCandidate, parsePhoneEnded, parsePhoneState } from '../wire/parse';
import { Signalling } from './call-audio';
import { CallLookup } from './call-lookup';
import { onNetworkChange } from './network';
import { KeptCall, parseIceServers, readKept } from './parse';
import { PhoneSocket } from './phone-socket';
import { PhoneSound } from './phone-sound';
import {
  IDLE,
  PhoneView,
  answered,
  asking,
  calling,
  changed,
  connected,
  ended,
  inCall,
  introduced,
  lost,
  pressed,
  resumed,
} from './reduce';
import { Words, refusal } from './words';

/** The server keeps a lost call for 5 to 10 s; what is not back long after that is over. */
const GIVE_UP_MS = 20_000;
const AGAIN_MS = 400;

/** One customer's call from this page, from the click on Call to its end. */
@Injectable()
export class PhoneStore {
  private readonly lookup = inject(CallLookup);
  private readonly session = inject(Session);
  private readonly microphone = inject(Microphone);
  private readonly output = inject(Sound);
  private readonly sound = inject(PhoneSound);
  private readonly current = signal<PhoneView>(IDLE);
  private readonly failure = signal<Words | null>(null);
  private readonly unwanted = signal(false);
  private readonly kept = stored<KeptCall | null>(() => sessionStorage, 'patchbay.phone', readKept);
  private iceServers: readonly RTCIceServer[] = [];
  private renewing = false;
  private left = false;
  private readonly socket = new PhoneSocket({
    onConnect: () => this.back(),
    onDisconnect: () => this.current.update((view) => lost(view, Date.now())),
    onRefused: (error) => this.denied(error),
  });

  readonly view = this.current.asReadonly();
  /** Why the last call could not begin. */
  readonly problem = this.failure.asReadonly();
  /** Whether the server lets nobody call from here who has not signed in. */
  readonly refused = this.unwanted.asReadonly();
  readonly inCall = computed(() => inCall(this.view()));
  readonly server = this.socket.state;
  readonly remote = this.sound.remote;

  constructor() {
    this.listen();
    const destroy = inject(DestroyRef);
    onNetworkChange(destroy, () => {
      if (this.inCall()) this.socket.renew();
    });
    destroy.onDestroy(() => this.leave());
    void this.begin();
  }

  async call(name: string): Promise<void> {
    if (this.inCall() || this.view().phase === 'asking') return;
    this.failure.set(null);
    this.current.set(asking());
    void this.output.unlock();
    const stream = await this.microphone.open();
    if (this.view().phase !== 'asking') {
      // The page was left while the browser asked.
      this.microphone.close();
      return;
    }
    if (!stream) {
      this.current.set(IDLE);
      return;
    }
    this.microphone.mute(false);
    this.current.set(calling());
    const offer = async (sdp: string) => {
      const answer = await this.socket.call(sdp, name.trim());
      this.current.update((view) => answered(view, answer));
      return answer.sdp;
    };
    const audio = this.sound.begin(() => void this.renew());
    try {
      await audio.connect(stream, this.iceServers, this.signalling(offer));
      this.keep();
      this.current.update((view) => connected(view, Date.now()));
    } catch (error) {
      if (audio === this.sound.audio()) this.notBegun(error);
    }
  }

  hangUp(): void {
    this.socket.hangUp();
    this.end('caller_hung_up');
  }

  /** Send a key; rejects with CommandError. */
  async press(digit: string): Promise<void> {
    await this.socket.dtmf(digit);
    this.current.update((view) => pressed(view, digit));
  }

  private async begin(): Promise<void> {
    const kept = this.kept();
    // A page that was loaded again goes on with its call, where the browser needs not ask.
    const permitted = kept !== null && (await this.microphone.permitted());
    if (this.left) return;
    if (kept !== null && permitted) {
      this.sound.begin(() => void this.renew());
      this.current.set(resumed(kept, Date.now()));
    }
    this.socket.open();
  }

  private listen(): void {
    this.socket.on('welcome', parseIceServers, (servers) => (this.iceServers = servers));
    this.socket.on('candidate', parseCandidate, (candidate) =>
      this.sound.audio()?.addCandidate(candidate),
    );
    this.socket.on('call_state', parsePhoneState, (state) => {
      this.current.update((view) => changed(view, state, Date.now()));
      if (this.view().phase === 'ended') this.silence();
      else if (state.speaker === 'human' || state.state === 'connecting') void this.ask();
    });
    this.socket.on('ended', parsePhoneEnded, ({ reason }) => this.end(reason));
  }

  /** The socket is there, for the first time or again: the server waits for an offer. */
  private back(): void {
    this.unwanted.set(false);
    if (this.failure() && !this.inCall()) this.failure.set(null);
    void this.renew();
  }

  private denied(error: CommandError): boolean {
    this.unwanted.set(true);
    this.end('gave_up');
    // A sign-in that has run out is no use: another one may be.
    if (this.session.signedIn()) this.session.expired(whySignInAgain(error.code));
    return false;
  }

  private async renew(): Promise<void> {
    if (this.renewing || this.view().callId === null || !this.inCall()) return;
    this.current.update((view) => lost(view, Date.now()));
    this.renewing = true;
    try {
      while (this.inCall() && this.view().lostAt !== null) await this.tryAgain();
    } finally {
      this.renewing = false;
    }
  }

  private async tryAgain(): Promise<void> {
    const audio = this.sound.audio();
    const stream = this.socket.state() === 'connected' ? await this.microphone.open() : null;
    const { callId, lostAt, secret } = this.view();
    if (!audio || callId === null || lostAt === null) return;
    try {
      if (!stream) throw new Error('There is no server, or no microphone, at the moment.');
      const offer = (sdp: string) => this.socket.offer(sdp, callId, secret);
      await audio.connect(stream, this.iceServers, this.signalling(offer));
      this.current.update((view) => connected(view, Date.now()));
      void this.ask();
    } catch (error) {
      if (error instanceof CommandError && error.code === 'gone') {
        this.end('gone');
        void this.ask();
      } else if (Date.now() - lostAt > GIVE_UP_MS) this.end('gave_up');
      else await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  /** Learn what nobody told us: who has the call, and what happened while we were away. */
  private async ask(): Promise<void> {
    const before = this.view();
    const call = before.callId === null ? null : await this.lookup.find(before.callId);
    if (call === null || call.callId !== this.view().callId) return;
    if (call.state === 'ended') this.end(call.endReason ?? 'other');
    // What was told meanwhile is newer.
    else if (this.view().call === before.call) {
      this.current.update((view) => changed(view, call, Date.now()));
    }
    const name = call.operator?.name;
    if (name) this.current.update((view) => introduced(view, name));
  }

  private signalling(offer: Signalling['offer']): Signalling {
    return { offer, candidate: (candidate) => this.socket.candidate(candidate) };
  }

  private notBegun(error: unknown): void {
    if (!this.inCall()) return;
    if (error instanceof CommandError) {
      this.failure.set(refusal(error.code, error.message));
      this.current.set(IDLE);
      this.silence();
    } else {
      this.socket.hangUp();
      this.end('no_audio');
    }
  }

  private keep(): void {
    const { callId, threadId, secret } = this.view();
    if (callId !== null && threadId !== null)
      this.kept.set({ callId, threadId, startedAt: Date.now(), secret });
  }

  private end(reason: string): void {
    this.current.update((view) => ended(view, reason, Date.now()));
    this.silence();
  }

  private silence(): void {
    this.kept.set(null);
    this.sound.end();
  }

  /** Leaving the page is hanging up. */
  private leave(): void {
    this.left = true;
    if (this.inCall()) this.hangUp();
    this.current.set(IDLE);
    this.socket.close();
    this.sound.leave();
  }
}
