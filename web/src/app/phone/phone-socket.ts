import { inject } from '@angular/core';

import { Session } from '../session/session';
import { CommandError, LiveSocket } from '../wire/live-socket';
import { parseNothing, parsePhoneAnswer, parseSdp } from '../wire/parse';
import { PhoneAnswer } from '../wire/views';

export interface PhoneSocketOptions {
  readonly onConnect: () => void;
  readonly onDisconnect: () => void;
  /** The server refused the connection; return true to go on trying. */
  readonly onRefused: (error: CommandError) => boolean;
}

/** `/softphone`, to be made where Angular injects. Commands reject with CommandError. */
export class PhoneSocket {
  private readonly socket: LiveSocket;
  readonly state;
  readonly on;

  constructor(options: PhoneSocketOptions) {
    const session = inject(Session);
    this.socket = new LiveSocket({
      namespace: '/softphone',
      auth: () => ({ token: session.token() }),
      ...options,
    });
    this.state = this.socket.state;
    this.on = this.socket.on.bind(this.socket);
  }

  open(): void {
    this.socket.open();
  }

  close(): void {
    this.socket.close();
  }

  /** Break off and connect again, where the road beneath has changed. */
  renew(): void {
    this.socket.renew();
  }

  async call(sdp: string, name: string): Promise<PhoneAnswer> {
    return this.socket.send('call', { sdp, ...(name && { name }) }, parsePhoneAnswer);
  }

  /** Carry the call on with a new connection, from this socket or from another one than before. */
  async offer(sdp: string, callId: string, secret: string | null): Promise<string> {
    const payload = { sdp, callId, ...(secret !== null && { secret }) };
    return (await this.socket.send('offer', payload, parseSdp)).sdp;
  }

  async dtmf(digit: string): Promise<void> {
    await this.socket.send('dtmf', { digit }, parseNothing);
  }

  candidate(candidate: RTCIceCandidateInit | null): void {
    this.socket.tell('candidate', { candidate });
  }

  hangUp(): void {
    this.socket.tell('hangup', {});
  }
}
