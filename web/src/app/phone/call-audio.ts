import { Signal, signal } from '@angular/core';

import { Peer, PeerState } from '../audio/peer';

/** Gives the server an offer, and the newest connection's late candidates. */
export interface Signalling {
  readonly offer: (sdp: string) => Promise<string>;
  readonly candidate: (candidate: RTCIceCandidateInit | null) => void;
}

/** Sound may come back by itself within this time after a connection broke off. */
const HEAL_MS = 1500;

/**
 * The sound of one call, over as many connections as it takes.
 *
 * The connection there is carries on until a new one is up. `onLost` is called when the newest that was up
 * is gone and does not heal.
 */
export class CallAudio {
  private up: Peer | null = null;
  private coming: Peer | null = null;
  private healing: ReturnType<typeof setTimeout> | undefined;
  private readonly heard = signal<MediaStream | null>(null);
  private over = false;

  readonly remote: Signal<MediaStream | null> = this.heard.asReadonly();

  constructor(private readonly onLost: () => void) {}

  /** Connect `stream`; resolves when sound can flow. Rejects where it cannot, and the old one stays. */
  async connect(
    stream: MediaStream,
    iceServers: readonly RTCIceServer[],
    signalling: Signalling,
  ): Promise<void> {
    this.coming?.close();
    let settle: (state: PeerState) => void = () => undefined;
    const settled = new Promise<PeerState>((resolve) => (settle = resolve));
    const peer: Peer = new Peer({
      iceServers,
      signal: signalling.offer,
      sendCandidate: signalling.candidate,
      onState: (state) => {
        if (state !== 'connecting') settle(state);
        if (peer === this.up) this.watch(state);
      },
    });
    this.coming = peer;
    try {
      await peer.open(stream);
      const state = await settled;
      if (state !== 'connected' || this.over) throw new Error('The connection did not come up.');
    } catch (error) {
      peer.close();
      if (this.coming === peer) this.coming = null;
      throw error;
    }
    const old = this.up;
    this.coming = null;
    this.up = peer;
    this.watch(peer.state);
    this.heard.set(peer.remote);
    old?.close();
  }

  addCandidate(candidate: RTCIceCandidateInit | null): void {
    void (this.coming ?? this.up)?.addCandidate(candidate);
  }

  /** Send another microphone from now on. */
  replace(stream: MediaStream): void {
    void this.up?.replace(stream);
    void this.coming?.replace(stream);
  }

  close(): void {
    this.over = true;
    clearTimeout(this.healing);
    this.coming?.close();
    this.up?.close();
    this.heard.set(null);
  }

  private watch(state: PeerState): void {
    clearTimeout(this.healing);
    if (this.over || state === 'connected') return;
    this.healing = setTimeout(() => this.onLost(), state === 'disconnected' ? HEAL_MS : 300);
  }
}
