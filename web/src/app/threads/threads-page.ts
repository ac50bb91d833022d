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
import { MatButton, MatIconButton } from '@angular/material/button';
import { Router, RouterLink } from '@angular/router';

import { Api, ApiError } from '../session/api';
import { Clock } from '../shell/clock';
import { clockTime, dayTime, phoneNumber } from '../shell/format';
import { Icon } from '../shell/icon';
import { Shortcuts } from '../shell/shortcuts';
import { parseThreads } from '../wire/parse';
import { WireError } from '../wire/read';
import { CallView, ThreadSummary } from '../wire/views';
import { byThread, parseCalls, whereabouts } from './live';
import { poll } from './poll';
import { Found, MOST_FOUND, searchSaid } from './search';

interface Line {
  readonly thread: ThreadSummary;
  readonly title: string;
  readonly subtitle: string;
  readonly live: string | null;
}

const LOOK_MS = 5000;
const TYPING_MS = 250;
const FIRST = 50;
/** As many as the server gives at once. */
const MOST = 200;

/** All conversations, newest first, kept up to date by asking. */
@Component({
  selector: 'pb-threads-page',
  imports: [Icon, MatButton, MatIconButton, RouterLink],
  templateUrl: './threads-page.html',
  styleUrl: './threads-page.scss',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ThreadsPage {
  private readonly api = inject(Api);
  private readonly router = inject(Router);
  private readonly clock = inject(Clock);
  private readonly searchField = viewChild.required<ElementRef<HTMLInputElement>>('searchField');

  /** What is searched for, from the address. */
  readonly q = input<string>();

  protected readonly most = MOST;
  protected readonly limit = signal(FIRST);
  private readonly threads = signal<readonly ThreadSummary[] | null>(null);
  private readonly calls = signal<ReadonlyMap<string, CallView>>(new Map());
  /** Messages in which it was said; null where none were searched for. */
  protected readonly found = signal<readonly Found[] | null>(null);
  protected readonly mostFound = MOST_FOUND;
  protected readonly problem = signal<string | null>(null);
  protected readonly denied = signal(false);
  protected readonly lines = computed(() =>
    this.threads()?.map((thread) => line(thread, this.calls().get(thread.threadId))),
  );
  protected readonly query = computed(() => this.q()?.trim() ?? '');
  protected readonly more = computed(() => (this.threads()?.length ?? 0) >= this.limit());

  private readonly look: () => void;
  private typing: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    const destroy = inject(DestroyRef);
    this.look = poll(destroy, LOOK_MS, () => this.load());
    destroy.onDestroy(() => clearTimeout(this.typing));
    effect(() => {
      this.query();
      this.limit();
      untracked(() => this.look());
    });
    inject(Shortcuts).use(destroy, [
      {
        key: '/',
        label: $localize`Search`,
        group: $localize`Threads`,
        run: () => this.searchField().nativeElement.focus(),
      },
    ]);
  }

  protected typed(text: string): void {
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.search(text), TYPING_MS);
  }

  protected search(text: string): void {
    clearTimeout(this.typing);
    this.limit.set(FIRST);
    const queryParams = { q: text.trim() || null };
    void this.router.navigate(['/threads'], { queryParams, replaceUrl: true });
  }

  protected clear(): void {
    this.searchField().nativeElement.value = '';
    this.searchField().nativeElement.focus();
    this.search('');
  }

  protected showMore(): void {
    this.limit.set(MOST);
  }

  /** Today the time says enough. */
  protected when(ms: number): string {
    const today = new Date(this.clock.now()).toDateString() === new Date(ms).toDateString();
    return today ? clockTime(ms) : dayTime(ms);
  }

  private async load(): Promise<void> {
    if (this.denied()) return;
    const query = this.query();
    const search = query ? `&q=${encodeURIComponent(query)}` : '';
    try {
      const [threads, calls, found] = await Promise.all([
        this.api.get(`/api/threads?limit=${this.limit()}${search}`, parseThreads),
        this.api.get('/api/calls', parseCalls),
        query ? searchSaid(this.api, query) : null,
      ]);
      if (query !== this.query()) return;
      this.threads.set(threads);
      this.calls.set(byThread(calls));
      this.found.set(found);
      this.problem.set(null);
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof WireError)) throw error;
      this.denied.set(error instanceof ApiError && [401, 403].includes(error.status));
      this.problem.set(error.message);
    }
  }
}

function line(thread: ThreadSummary, call: CallView | undefined): Line {
  const number = phoneNumber(thread.number || call?.caller.number || '');
  const name = thread.name || call?.caller.name;
  return {
    thread,
    title: name || number || $localize`Unknown caller`,
    subtitle: name ? number : '',
    live: call ? whereabouts(call) : null,
  };
}
