/** `idle` before `open`; `disconnected` may heal by itself; `closed` is the other side's goodbye, or ours. */
export type PeerState = 'idle' | 'connecting' | 'connected' | 'disconnected' | 'failed' | 'closed';

export interface PeerOptions {
  readonly iceServers: readonly RTCIceServer[];
  /** Gives the other side our offer and resolves with its answer. */
  readonly signal: (sdp: string) => Promise<string>;
  /** Takes our late candidates; null after the last. */
  readonly sendCandidate: (candidate: RTCIceCandidateInit | null) => void;
  readonly onState: (state: PeerState) => void;
  /** A codec that must come first, such as "audio/PCMU". */
  readonly preferredCodec?: string;
}

/** Figures since the last time they were asked for. What is not known yet is null. */
export interface PeerStats {
  readonly rttMs: number | null;
  readonly jitterMs: number | null;
  readonly lossPct: number | null;
  readonly bufferMs: number | null;
  /** Packets received since the connection began. */
  readonly received: number;
}

interface Counters {
  readonly received: number;
  readonly lost: number;
  readonly delay: number;
  readonly emitted: number;
}

const NOTHING: Counters = { received: 0, lost: 0, delay: 0, emitted: 0 };
/** ICE and DTLS take well under a second; what takes longer than this does not come any more. */
const CONNECT_MS = 8000;

/**
 * One audio connection to the server, both ways. Knows nothing of pages or sockets.
 *
 * Not to be opened twice: who needs a new connection makes a new Peer and closes this one when that is
 * connected. `remote` is the same stream from the beginning; it has its track once `open` has resolved.
 */
export class Peer {
  readonly remote = new MediaStream();

  private readonly connection: RTCPeerConnection;
  private sender: RTCRtpSender | null = null;
  private current: PeerState = 'idle';
  private answered = false;
  private deadline: ReturnType<typeof setTimeout> | undefined;
  private readonly early: (RTCIceCandidateInit | null)[] = [];
  private readonly unsent: (RTCIceCandidateInit | null)[] = [];
  private before = NOTHING;

  constructor(private readonly options: PeerOptions) {
    this.connection = new RTCPeerConnection({ iceServers: [...options.iceServers] });
    this.connection.ontrack = ({ track }) => this.remote.addTrack(track);
    this.connection.onicecandidate = ({ candidate }) => this.found(candidate?.toJSON() ?? null);
    this.connection.onconnectionstatechange = () => this.changed();
  }

  get state(): PeerState {
    return this.current;
  }

  /** Offer `stream`'s audio track. Rejects where the other side does not take the offer. */
  async open(stream: MediaStream): Promise<void> {
    const track = stream.getAudioTracks()[0];
    if (!track) throw new Error('The stream has no audio track.');
    const transceiver = this.connection.addTransceiver(track, {
      direction: 'sendrecv',
      streams: [stream],
    });
    this.sender = transceiver.sender;
    this.prefer(transceiver);
    this.set('connecting');
    try {
      await this.negotiate();
      transceiver.sender.transport?.addEventListener('statechange', () => this.changed());
    } catch (error) {
      this.set('failed');
      throw error;
    }
  }

  /** A candidate of the other side; null for the end of them. May come before the answer. */
  async addCandidate(candidate: RTCIceCandidateInit | null): Promise<void> {
    if (!this.answered) {
      this.early.push(candidate);
      return;
    }
    try {
      await this.connection.addIceCandidate(candidate ?? undefined);
    } catch {
      // A candidate that this browser cannot use, of a protocol say, leaves the others as they are.
    }
  }

  /** Look for a new way between the same two ends, after the network changed. */
  async restart(): Promise<void> {
    this.answered = false;
    this.connection.restartIce();
    await this.negotiate();
  }

  /** Send another microphone from now on. */
  async replace(stream: MediaStream): Promise<void> {
    await this.sender?.replaceTrack(stream.getAudioTracks()[0] ?? null);
  }

  /** The figures; null where there is no connection to measure. */
  async stats(): Promise<PeerStats | null> {
    if (this.current === 'idle' || this.current === 'closed') return null;
    const { figures, counters } = readStats(await this.connection.getStats(), this.before);
    this.before = counters;
    return figures;
  }

  close(): void {
    clearTimeout(this.deadline);
    this.connection.onconnectionstatechange = null;
    this.connection.onicecandidate = null;
    this.connection.close();
    this.set('closed');
  }

  private async negotiate(): Promise<void> {
    this.await();
    await this.connection.setLocalDescription();
    const offer = this.connection.localDescription;
    if (!offer) throw new Error('The browser made no offer.');
    const answer = await this.options.signal(offer.sdp);
    // Closed while the answer was on its way.
    if (this.connection.signalingState === 'closed') return;
    await this.connection.setRemoteDescription({ type: 'answer', sdp: answer });
    this.answered = true;
    for (const candidate of this.unsent.splice(0)) this.options.sendCandidate(candidate);
    for (const candidate of this.early.splice(0)) await this.addCandidate(candidate);
  }

  /** Our candidates go out behind the offer they belong to. */
  private found(candidate: RTCIceCandidateInit | null): void {
    if (this.answered) this.options.sendCandidate(candidate);
    else this.unsent.push(candidate);
  }

  private await(): void {
    clearTimeout(this.deadline);
    this.deadline = setTimeout(() => {
      if (this.current === 'connecting') this.set('failed');
    }, CONNECT_MS);
  }

  private changed(): void {
    // The other side's goodbye closes DTLS, which browsers do not count as a failed connection.
    if (this.sender?.transport?.state === 'closed') this.set('closed');
    else {
      const state = this.connection.connectionState;
      if (state !== 'new') this.set(state);
    }
  }

  private set(state: PeerState): void {
    if (state === this.current || this.current === 'closed') return;
    this.current = state;
    if (state !== 'connecting') clearTimeout(this.deadline);
    this.options.onState(state);
  }

  private prefer(transceiver: RTCRtpTransceiver): void {
    const wanted = this.options.preferredCodec?.toLowerCase();
    const codecs = RTCRtpReceiver.getCapabilities?.('audio')?.codecs ?? [];
    const first = codecs.filter((codec) => codec.mimeType.toLowerCase() === wanted);
    if (first.length === 0) return;
    const rest = codecs.filter((codec) => !first.includes(codec));
    transceiver.setCodecPreferences([...first, ...rest]);
  }
}

/** The figures in a stats report, as differences to `before` where the report counts from the start. */
export function readStats(
  report: Iterable<[string, unknown]> | RTCStatsReport,
  before: Counters,
): { figures: PeerStats; counters: Counters } {
  let rttMs: number | null = null;
  let jitterMs: number | null = null;
  let counters = before;
  for (const [, entry] of report as Iterable<[string, Record<string, unknown>]>) {
    if (entry['type'] === 'candidate-pair' && entry['nominated'] === true) {
      rttMs = milliseconds(entry['currentRoundTripTime']) ?? rttMs;
    } else if (entry['type'] === 'inbound-rtp' && entry['kind'] === 'audio') {
      jitterMs = milliseconds(entry['jitter']);
      counters = {
        received: count(entry['packetsReceived']),
        lost: count(entry['packetsLost']),
        delay: count(entry['jitterBufferDelay']),
        emitted: count(entry['jitterBufferEmittedCount']),
      };
    }
  }
  const received = counters.received - before.received;
  const lost = Math.max(0, counters.lost - before.lost);
  const emitted = counters.emitted - before.emitted;
  return {
    counters,
    figures: {
      rttMs,
      jitterMs,
      lossPct: received + lost > 0 ? (100 * lost) / (received + lost) : null,
      bufferMs: emitted > 0 ? (1000 * (counters.delay - before.delay)) / emitted : null,
      received: counters.received,
    },
  };
}

function milliseconds(seconds: unknown): number | null {
  return typeof seconds === 'number' ? seconds * 1000 : null;
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
