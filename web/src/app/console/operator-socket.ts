import { Injectable, effect, inject, untracked } from '@angular/core';

import { Session, whySignInAgain } from '../session/session';
import { LiveSocket } from '../wire/live-socket';
import { parseCallAck, parseNothing, parseSdp } from '../wire/parse';
import { CallView } from '../wire/views';

export type Presence = 'available' | 'away';

/** `/operator`: connected for as long as somebody is signed in. Commands reject with CommandError. */
@Injectable({ providedIn: 'root' })
export class OperatorSocket {
  private readonly session = inject(Session);
  private readonly socket = new LiveSocket({
    namespace: '/operator',
    // Of what others say to each other nothing is shown here, and so nothing is sent.
    auth: () => ({ token: this.session.token(), transcripts: 'mine' }),
    onRefused: ({ code }) => {
      if (code !== 'bad_token' && code !== 'expired_token') return true;
      this.session.expired(whySignInAgain(code));
      return false;
    },
  });

  readonly state = this.socket.state;
  readonly on = this.socket.on.bind(this.socket);

  constructor() {
    let last: string | null = null;
    effect(() => {
      const operator = this.session.operator()?.id ?? null;
      const expired = this.session.reason() !== null;
      // A token that ran out ends no call: the socket that stands goes on until somebody signs in again.
      if (operator === null && expired) return;
      untracked(() => {
        if (operator !== last) this.socket.close();
        if (operator !== null) this.socket.open();
      });
      last = operator;
    });
  }

  /** Break off and connect again, where the road beneath has changed. */
  renew(): void {
    this.socket.renew();
  }

  /** Make sure that the connection carries; renew it if it does not within 2 s. */
  async check(presence: Presence): Promise<void> {
    if (!(await this.socket.answers('set_presence', { status: presence }, 2000))) this.renew();
  }

  async setPresence(status: Presence): Promise<void> {
    await this.socket.send('set_presence', { status }, parseNothing);
  }

  async offer(sdp: string): Promise<string> {
    return (await this.socket.send('offer', { sdp }, parseSdp)).sdp;
  }

  candidate(candidate: RTCIceCandidateInit | null): void {
    this.socket.tell('candidate', { candidate });
  }

  async accept(callId: string): Promise<CallView> {
    return (await this.socket.send('accept_call', { callId }, parseCallAck)).call;
  }

  async decline(callId: string, reason: string | null): Promise<void> {
    await this.socket.send('decline_call', reason ? { callId, reason } : { callId }, parseNothing);
  }

  async release(callId: string, note: string, resumeAt: string | null): Promise<void> {
    const payload = { callId, ...(note && { note }), ...(resumeAt && { resumeAt }) };
    await this.socket.send('release_call', payload, parseNothing);
  }

  async hangUp(callId: string): Promise<void> {
    await this.socket.send('hangup_call', { callId }, parseNothing);
  }

  async hold(callId: string, on: boolean): Promise<void> {
    await this.socket.send('hold_call', { callId, on }, parseNothing);
  }

  /** `on`: nothing is written down any more; else it is again. */
  async pauseTranscript(callId: string, on: boolean): Promise<void> {
    await this.socket.send('pause_transcript', { callId, on }, parseNothing);
  }

  async say(callId: string, text: string): Promise<void> {
    await this.socket.send('say', { callId, text }, parseNothing);
  }

  async dtmf(callId: string, digits: string): Promise<void> {
    await this.socket.send('dtmf', { callId, digits }, parseNothing);
  }
}
