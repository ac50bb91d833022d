import {
  ChangeDetectionStrategy,
  Component,
  DestroyRef,
  ElementRef,
  computed,
  effect,
  inject,
  input,
  signal,
  untracked,
  viewChild,
} from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { MatButton, MatIconButton } from '@angular/material/button';
import { MatTooltip } from '@angular/material/tooltip';
import { ActivatedRoute, RouterLink } from '@angular/router';

import { Log } from '../conversation/log';
import { Api, ApiError } from '../session/api';
import { Session, whySignInAgain } from '../session/session';
import { dayTime, phoneNumber } from '../shell/format';
import { Icon } from '../shell/icon';
import { Notices } from '../shell/notices';
import { CommandError } from '../wire/live-socket';
import { parseThread, parseThreads, parseViewerToken } from '../wire/parse';
import { WireError } from '../wire/read';
import { CallView, ThreadSummary } from '../wire/views';
import { seqIn, tokenIn, viewerLink } from './link';
import { byThread, parseCalls, whereabouts } from './live';
import { poll } from './poll';
import { ThreadFeed } from './thread-feed';
import { ThreadFiles } from './thread-files';

const LOOK_MS = 5000;

/** One conversation as it grows, for operators and for whoever was given its link. */
@Component({
  selector: 'pb-thread-page',
  imports: [Icon, MatButton, MatIconButton, MatTooltip, RouterLink, ThreadFiles, Log],
  templateUrl: './thread-page.html',
  styleUrl: './thread-page.scss',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ThreadPage {
  private readonly api = inject(Api);
  private readonly notices = inject(Notices);
  private readonly fragment = toSignal(inject(ActivatedRoute).fragment, { initialValue: null });
  private readonly linkField = viewChild<ElementRef<HTMLInputElement>>('linkField');
  private readonly session = inject(Session);

  /** From the address. */
  readonly id = input.required<string>();
  /** From the address, where somebody put it before the `#`. */
  readonly token = input<string>();

  /** The link's token that the server does not take, and why. */
  private readonly badLink = signal<{ token: string; code: string } | null>(null);
  protected readonly guest = computed(() => {
    const token = tokenIn(this.fragment()) ?? this.token() ?? null;
    return token === this.badLink()?.token ? null : token;
  });
  protected readonly target = computed(() => seqIn(this.fragment()));
  protected readonly feed = signal<ThreadFeed | null>(null);
  /** Whether the server knows no such thread; null until it has said. */
  protected readonly missing = signal<boolean | null>(null);
  protected readonly refused = signal(false);
  private readonly summary = signal<ThreadSummary | null>(null);
  protected readonly call = signal<CallView | null>(null);
  protected readonly link = signal<string | null>(null);
  protected readonly linking = signal(false);

  protected readonly messages = computed(() => this.feed()?.messages() ?? []);
  protected readonly count = computed(
    () => this.messages().filter((message) => message.final).length,
  );
  protected readonly number = computed(() =>
    phoneNumber(this.call()?.caller.number ?? this.summary()?.number ?? ''),
  );
  /** Who it was with; null where nobody knows. */
  protected readonly who = computed(() => {
    const said = this.messages().findLast(({ speaker, name }) => speaker === 'caller' && name);
    const name = this.call()?.caller.name ?? this.summary()?.name ?? said?.name;
    return name || this.number() || null;
  });
  protected readonly title = computed(
    () => this.who() ?? (this.count() > 0 ? $localize`Unknown caller` : $localize`Conversation`),
  );
  protected readonly where = computed(() => {
    const call = this.call();
    return call ? whereabouts(call) : null;
  });
  protected readonly deniedText = computed(() => {
    switch (this.badLink()?.code) {
      case undefined:
        return $localize`Conversations are not public.`;
      case 'expired_token':
        return $localize`The link that you were given has run out.`;
      case 'other_thread':
        return $localize`The link that you were given is for another conversation.`;
      default:
        return $localize`The server does not take the link that you were given. Was it copied whole?`;
    }
  });

  constructor() {
    const look = poll(inject(DestroyRef), LOOK_MS, () => this.look());
    effect((onCleanup) => {
      const threadId = this.id();
      untracked(() => {
        this.refused.set(false);
        this.summary.set(null);
        this.call.set(null);
        this.link.set(null);
        this.missing.set(null);
        const feed = new ThreadFeed({
          threadId,
          token: () => this.guest() ?? this.session.token(),
          onRefused: (error) => this.denied(error),
        });
        this.feed.set(feed);
        feed.open();
        look();
        onCleanup(() => feed.close());
      });
    });
    effect(() => {
      // It may begin yet, so it is listened to in any case; but whoever mistyped it wants to know.
      const nothing = this.feed()?.loaded() === true && this.messages().length === 0;
      if (nothing) untracked(() => void this.ask());
    });
  }

  protected async share(): Promise<void> {
    if (this.linking()) return;
    this.linking.set(true);
    const id = this.id();
    try {
      const path = `/api/threads/${encodeURIComponent(id)}/viewer-token`;
      const viewer = await this.api.post(path, {}, parseViewerToken);
      const link = viewerLink(id, viewer, location.origin);
      if (await copied(link)) {
        this.link.set(null);
        this.notices.success(
          $localize`Link copied. Whoever has it can read this conversation until ${dayTime(viewer.expiresAt)}.`,
        );
      } else {
        this.link.set(link);
        setTimeout(() => this.linkField()?.nativeElement.select());
      }
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof WireError)) throw error;
      this.notices.error($localize`The link could not be made. ${error.message}`);
    } finally {
      this.linking.set(false);
    }
  }

  /** Another token, or nothing more to try. */
  private denied(error: CommandError): boolean {
    const guest = this.guest();
    if (guest !== null) {
      this.badLink.set({ token: guest, code: error.code });
      // An operator needs no link; and where the server is open to this computer, nobody does.
      return true;
    }
    this.refused.set(true);
    if (this.session.signedIn()) this.session.expired(whySignInAgain(error.code));
    return false;
  }

  /** Learn whether there is such a thread at all. */
  private async ask(): Promise<void> {
    const id = this.id();
    try {
      const path = `/api/threads/${encodeURIComponent(id)}`;
      await this.api.get(path, parseThread, this.guest() ?? undefined);
      if (id === this.id()) this.missing.set(false);
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof WireError)) throw error;
      const missing = error instanceof ApiError && error.status === 404;
      if (id === this.id()) this.missing.set(missing);
    }
  }

  /** Number and whereabouts, which only those may ask who may see all threads. */
  private async look(): Promise<void> {
    if (this.guest() !== null || this.refused()) return;
    const id = this.id();
    try {
      const calls = await this.api.get('/api/calls', parseCalls);
      if (id !== this.id()) return;
      this.call.set(byThread(calls).get(id) ?? null);
      if (this.summary() === null) await this.summarise(id);
    } catch (error) {
      // The page is about the conversation, which has its own connection and says how that is.
      if (!(error instanceof ApiError || error instanceof WireError)) throw error;
    }
  }

  private async summarise(id: string): Promise<void> {
    const found = await this.api.get(
      `/api/threads?limit=20&q=${encodeURIComponent(id)}`,
      parseThreads,
    );
    if (id === this.id()) this.summary.set(found.find((one) => one.threadId === id) ?? null);
  }
}

async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Not by HTTPS, or not allowed: then it is shown, to be copied by hand.
    return false;
  }
}
