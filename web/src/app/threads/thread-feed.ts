import { Signal, signal } from '@angular/core';

import { mergeDelivery, mergeMessage, mergeMessages, withoutPartials } from '../conversation/merge';
import { CommandError, LiveSocket, SocketState } from '../wire/live-socket';
import { parseDelivery, parseMessage, parseMessages, parseThreadDeleted } from '../wire/parse';
import { Message } from '../wire/views';
import { MOST_MESSAGES, resumeAfter } from './reduce';

export interface FeedOptions {
  readonly threadId: string;
  /** Asked at each attempt. */
  readonly token: () => string | null;
  /** The server does not let us read this; return true to try again, with another token perhaps. */
  readonly onRefused: (error: CommandError) => boolean;
}

const AGAIN_MS = 1000;
/** Refusals that another attempt does not change. */
const FINAL_CODES = new Set([
  'unauthorized',
  'forbidden',
  'bad_token',
  'expired_token',
  'bad_request',
  'not_found',
  'other_thread',
]);

/**
 * One thread as it grows, for as long as it is open.
 *
 * Comes back after a loss and then has each message once: it asks for what came after the last that it
 * knows, and merges by id.
 */
export class ThreadFeed {
  private readonly socket: LiveSocket;
  private readonly list = signal<readonly Message[]>([]);
  private readonly ready = signal(false);
  private readonly gone = signal(false);
  private again: ReturnType<typeof setTimeout> | undefined;

  readonly messages: Signal<readonly Message[]> = this.list.asReadonly();
  /** True once the thread has been read as far as it goes. */
  readonly loaded: Signal<boolean> = this.ready.asReadonly();
  /** True once somebody has deleted it: there is nothing to read any more. */
  readonly deleted: Signal<boolean> = this.gone.asReadonly();
  readonly state: Signal<SocketState>;

  constructor(private readonly options: FeedOptions) {
    const { threadId } = options;
    this.socket = new LiveSocket({
      namespace: '/thread',
      auth: () => ({ token: options.token() }),
      onConnect: () => void this.subscribe(),
      onRefused: (error) => options.onRefused(error),
    });
    this.state = this.socket.state;
    this.socket.on('message', parseMessage, (message) => {
      if (message.threadId !== threadId) return;
      this.list.update((list) => mergeMessage(list, message, MOST_MESSAGES));
    });
    this.socket.on('delivery', parseDelivery, (change) => {
      if (change.threadId === threadId) this.list.update((list) => mergeDelivery(list, change));
    });
    this.socket.on('thread_deleted', parseThreadDeleted, (deletion) => {
      if (deletion.threadId === threadId) this.forget();
    });
  }

  open(): void {
    this.socket.open();
  }

  close(): void {
    clearTimeout(this.again);
    this.socket.close();
  }

  private async subscribe(): Promise<void> {
    clearTimeout(this.again);
    this.list.update(withoutPartials);
    try {
      let afterSeq: number | null = resumeAfter(this.list());
      while (afterSeq !== null) afterSeq = await this.read(afterSeq);
      if (!this.gone()) this.ready.set(true);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      this.failed(error);
    }
  }

  /** Read on behind `afterSeq`; resolves with where to go on, null at the end. */
  private async read(afterSeq: number): Promise<number | null> {
    const { threadId } = this.options;
    const page = await this.socket.send('subscribe', { threadId, afterSeq }, parseMessages);
    if (this.gone()) return null;
    this.list.update((list) => mergeMessages(list, page.messages, MOST_MESSAGES));
    const last = page.messages.findLast((message) => message.final)?.seq ?? 0;
    // A page that leads no further would be asked for for ever.
    return page.more && last > afterSeq ? last : null;
  }

  /** Nobody is to read it any more, here neither. */
  private forget(): void {
    this.gone.set(true);
    this.list.set([]);
    this.close();
  }

  private failed(error: CommandError): void {
    // A lost connection subscribes again by itself when it is back.
    if (this.socket.state() !== 'connected') return;
    if (!FINAL_CODES.has(error.code)) {
      this.again = setTimeout(() => void this.subscribe(), AGAIN_MS);
      return;
    }
    this.socket.close();
    if (this.options.onRefused(error)) this.again = setTimeout(() => this.open(), AGAIN_MS);
  }
}
