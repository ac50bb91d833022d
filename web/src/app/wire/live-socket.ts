import { Signal, signal } from '@angular/core';
import { Socket, io } from 'socket.io-client';

import { parseRefusal } from './parse';
import { WireError, object } from './read';
import { Person } from './views';

/** `idle`: not wanted. `lost`: was there or was tried, and is being tried again. `refused`: by us, until `open` again. */
export type SocketState = 'idle' | 'connecting' | 'connected' | 'lost' | 'refused';

/** A command that failed. `code` is the server's, or `timeout`, `offline`, `unreadable`. */
export class CommandError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly holder: Person | null = null,
  ) {
    super(message);
    this.name = 'CommandError';
  }
}

export interface SocketOptions {
  /** `/operator`, `/thread` or `/softphone`. */
  readonly namespace: string;
  /** Asked at each attempt, so that a new token is used at once. */
  readonly auth: () => Record<string, unknown>;
  /** The server refused the connection with `code`; return true to go on trying. */
  readonly onRefused?: (error: CommandError) => boolean;
  readonly onConnect?: () => void;
  readonly onDisconnect?: () => void;
  /** An event that could not be read: it is dropped, and this is told. */
  readonly onUnreadable?: (event: string, error: WireError) => void;
  /** Origin of the server; the page's own unless given. */
  readonly url?: string;
}

const PATIENCE_MS = 5000;
const RETRY_MS = 1500;

/**
 * One Socket.IO namespace that stays connected for as long as it is wanted.
 *
 * Comes back after every kind of loss, also after the server closed the namespace. Events are parsed
 * before anybody sees them; every command is answered within 5 s or rejects with CommandError.
 */
export class LiveSocket {
  private readonly socket: Socket;
  private readonly current = signal<SocketState>('idle');
  private retry: ReturnType<typeof setTimeout> | undefined;

  readonly state: Signal<SocketState> = this.current.asReadonly();

  constructor(private readonly options: SocketOptions) {
    this.socket = io(`${options.url ?? ''}${options.namespace}`, {
      autoConnect: false,
      forceNew: true,
      auth: (give) => give(options.auth()),
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      reconnectionDelay: 250,
      reconnectionDelayMax: 2500,
      timeout: PATIENCE_MS,
    });
    this.socket.on('connect', () => {
      this.current.set('connected');
      this.options.onConnect?.();
    });
    this.socket.on('disconnect', (reason) => this.lost(reason));
    this.socket.on('connect_error', (error) => this.failed(error));
  }

  /** Connect, and stay connected. */
  open(): void {
    if (this.socket.connected) return;
    clearTimeout(this.retry);
    if (this.current() !== 'lost') this.current.set('connecting');
    this.socket.connect();
  }

  /** Say goodbye. `open` begins anew. */
  close(): void {
    clearTimeout(this.retry);
    this.current.set('idle');
    this.socket.disconnect();
  }

  /**
   * Break the connection off and make a new one, without a goodbye.
   *
   * For when the road beneath has changed: the server keeps what belongs to us for its grace.
   */
  renew(): void {
    if (this.current() === 'idle' || this.current() === 'refused') return;
    if (this.socket.connected) this.socket.io.engine.close();
    else this.open();
  }

  /** True where the server acknowledges `event` within `ms`; refusals count too. */
  async answers(event: string, payload: object, ms: number): Promise<boolean> {
    if (!this.socket.connected) return false;
    try {
      await this.socket.timeout(ms).emitWithAck(event, payload);
      return true;
    } catch {
      return false;
    }
  }

  /** Hear an event; what does not parse is dropped. */
  on<T>(event: string, parse: (value: unknown) => T, handle: (value: T) => void): void {
    this.socket.on(event, (payload: unknown) => {
      let value: T;
      try {
        value = parse(payload);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        console.warn(`Dropped ${event}: ${error.message}`);
        this.options.onUnreadable?.(event, error);
        return;
      }
      handle(value);
    });
  }

  /** Send a command; resolves with its parsed ack, rejects with CommandError within 5 s. */
  async send<T>(event: string, payload: object, parse: (ack: unknown) => T): Promise<T> {
    if (!this.socket.connected) {
      throw new CommandError(
        'offline',
        $localize`The server is not connected at the moment. Nothing was sent.`,
      );
    }
    let ack: unknown;
    try {
      ack = await this.socket.timeout(PATIENCE_MS).emitWithAck(event, payload);
    } catch {
      throw new CommandError('timeout', $localize`The server did not answer within 5 seconds.`);
    }
    return readAck(ack, parse);
  }

  /** Send something that nobody waits for; dropped while there is no connection. */
  tell(event: string, payload: object): void {
    if (this.socket.connected) this.socket.emit(event, payload);
  }

  private lost(reason: string): void {
    if (this.current() !== 'idle') {
      this.current.set('lost');
      // The library reconnects by itself unless the server closed the namespace.
      if (reason === 'io server disconnect') this.again();
    }
    this.options.onDisconnect?.();
  }

  private failed(error: Error & { data?: unknown }): void {
    if (this.current() === 'idle') return;
    // The library goes on by itself where the server could not be reached, but not where it refused.
    if (this.socket.active) {
      this.current.set('lost');
      return;
    }
    const refused = refusalOf(error);
    if (this.options.onRefused?.(refused) ?? true) {
      this.current.set('lost');
      this.again();
    } else {
      this.current.set('refused');
    }
  }

  private again(): void {
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.socket.connect(), RETRY_MS);
  }
}

/** An ack's content; throws CommandError for a refusal and for what cannot be read. */
export function readAck<T>(ack: unknown, parse: (ack: unknown) => T): T {
  try {
    if (object(ack, 'ack')['ok'] === false) {
      const refusal = parseRefusal(ack);
      throw new CommandError(refusal.code, refusal.message, refusal.holder);
    }
    return parse(ack);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new CommandError(
      'unreadable',
      $localize`The server answered with something that this page does not understand. Reload it to get the newest one.`,
    );
  }
}

function refusalOf(error: Error & { data?: unknown }): CommandError {
  try {
    const { code, message } = parseRefusal(error.data);
    return new CommandError(code, message);
  } catch {
    return new CommandError('refused', error.message);
  }
}
