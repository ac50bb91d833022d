import { Injectable, computed, inject, signal } from '@angular/core';

import { Meter, Meters } from '../../audio/meter';
import { Peer, PeerState, PeerStats } from '../../audio/peer';
import { Speaker } from '../../audio/speaker';
import { CommandError } from '../../wire/live-socket';
import { parseCandidate, parseRenegotiate } from '../../wire/parse';
import { ConsoleStore } from '../console-store';
import { OperatorSocket } from '../operator-socket';

/** `taken`: another browser, signed in as the same operator, has the audio. */
export type AudioState = 'off' | 'connecting' | 'ready' | 'failed' | 'taken';

const DISCONNECTED_MS = 700;
const RETRIES_MS = [300, 1000, 2000, 4000, 8000] as const;
/** Two goodbyes within this time: somebody else wants the audio, and we must not fight. */
const FIGHT_MS = 15_000;

/**
 * The operator's audio: one connection that is renewed by another whenever it is in doubt.
 *
 * The old one carries on until the new one is connected, so that a renewal is never heard.
 */
@Injectable({ providedIn: 'root' })
export class AudioLink {
  private readonly socket = inject(OperatorSocket);
  private readonly store = inject(ConsoleStore);
  private readonly speaker = inject(Speaker);
  private readonly meters = inject(Meters);
  private readonly current = signal<AudioState>('off');
  private readonly gauge = signal<Meter | null>(null);
  private readonly why = signal<string | null>(null);
  private stream: MediaStream | null = null;
  private peer: Peer | null = null;
  private coming: Peer | null = null;
  private tries = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private goodbyeAt = 0;
  private renewedAt = 0;
  private readonly waiters: ((ready: boolean) => void)[] = [];

  readonly state = this.current.asReadonly();
  /** How loud the caller is. */
  readonly meter = this.gauge.asReadonly();
  /** The server's word on why an offer was refused, if it had one. */
  readonly refusal = this.why.asReadonly();
  readonly up = computed(() => this.current() === 'ready');

  constructor() {
    this.socket.on('candidate', parseCandidate, (candidate) => {
      void (this.coming ?? this.peer)?.addCandidate(candidate);
    });
    this.socket.on('renegotiate', parseRenegotiate, ({ codec }) => {
      void this.renew(codec ? `audio/${codec}` : undefined);
    });
  }

  /** Have audio from `stream` until `stop`; a stream that is sent already is replaced. */
  async start(stream: MediaStream): Promise<void> {
    const before = this.stream;
    this.stream = stream;
    if (before && this.peer && !this.coming && this.up()) {
      await this.peer.replace(stream);
      return;
    }
    this.goodbyeAt = 0;
    await this.renew();
  }

  stop(): void {
    this.quit('off');
  }

  /** Make a new connection beside the one that stands, which is closed when the new one is up. */
  async renew(preferredCodec?: string): Promise<void> {
    const stream = this.stream;
    if (!stream) return;
    clearTimeout(this.retry);
    const superseded = this.coming;
    this.coming = null;
    superseded?.close();
    if (this.current() !== 'ready' || this.peer?.state !== 'connected') {
      if (this.current() !== 'failed') this.current.set('connecting');
    }
    // The next welcome comes back to this.
    if (this.socket.state() !== 'connected') return;
    this.renewedAt = Date.now();
    const peer: Peer = new Peer({
      iceServers: this.store.iceServers(),
      signal: (sdp) => this.socket.offer(sdp),
      sendCandidate: (candidate) => this.socket.candidate(candidate),
      onState: (state) => this.changed(peer, state),
      ...(preferredCodec ? { preferredCodec } : {}),
    });
    this.coming = peer;
    try {
      await peer.open(stream);
    } catch (error) {
      if (error instanceof CommandError) this.why.set(error.message);
    }
  }

  /** Resolves with whether audio is up, at the latest after `ms`. */
  async ready(ms: number): Promise<boolean> {
    if (this.up()) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(this.up()), ms);
      this.waiters.push((ready) => {
        clearTimeout(timer);
        resolve(ready);
      });
    });
  }

  /** The figures of the last second or so; null without a connection. */
  async stats(): Promise<PeerStats | null> {
    return (await this.peer?.stats()) ?? null;
  }

  private changed(peer: Peer, state: PeerState): void {
    if (peer === this.coming) this.comingChanged(peer, state);
    else if (peer === this.peer) this.standingChanged(peer, state);
  }

  private comingChanged(peer: Peer, state: PeerState): void {
    if (state === 'connected') {
      const old = this.peer;
      this.peer = peer;
      this.coming = null;
      this.tries = 0;
      this.why.set(null);
      this.listen(peer.remote);
      old?.close();
      this.settle('ready');
    } else if (state === 'failed' || state === 'closed') {
      this.coming = null;
      peer.close();
      if (this.peer?.state !== 'connected') this.settle('failed');
      this.again();
    }
  }

  private standingChanged(peer: Peer, state: PeerState): void {
    if (state === 'disconnected') {
      // Often a moment only: the old way may come back by itself.
      setTimeout(() => {
        if (peer === this.peer && peer.state === 'disconnected') void this.lost();
      }, DISCONNECTED_MS);
    } else if (state === 'failed') {
      void this.lost();
    } else if (state === 'closed') {
      this.goodbye();
    }
  }

  private async lost(): Promise<void> {
    if (this.current() === 'ready') this.current.set('connecting');
    // A renewal that is on its way will do.
    if (!this.coming || Date.now() - this.renewedAt > 3000) await this.renew();
  }

  /** The server has closed our audio: its socket had broken off, or another browser has taken over. */
  private goodbye(): void {
    this.peer = null;
    if (!this.stream) return;
    const again = Date.now() - this.goodbyeAt < FIGHT_MS;
    this.goodbyeAt = Date.now();
    if (again && this.socket.state() === 'connected') this.quit('taken');
    else void this.lost();
  }

  private again(): void {
    if (!this.stream) return;
    const delay = RETRIES_MS[Math.min(this.tries, RETRIES_MS.length - 1)];
    this.tries += 1;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void this.renew(), delay);
  }

  private listen(remote: MediaStream): void {
    void this.speaker.play(remote);
    this.gauge()?.close();
    this.gauge.set(this.meters.of(remote));
  }

  private quit(state: AudioState): void {
    clearTimeout(this.retry);
    this.stream = null;
    const peers = [this.coming, this.peer];
    this.coming = this.peer = null;
    for (const peer of peers) peer?.close();
    this.gauge()?.close();
    this.gauge.set(null);
    void this.speaker.play(null);
    this.tries = 0;
    this.settle(state);
  }

  private settle(state: AudioState): void {
    this.current.set(state);
    if (state === 'connecting') return;
    for (const tell of this.waiters.splice(0)) tell(state === 'ready');
  }
}
