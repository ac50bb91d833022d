import { Injectable, computed, inject, signal } from '@angular/core';
import { Router } from '@angular/router';

import { parseSignedIn } from '../wire/parse';
import { WireError } from '../wire/read';
import { SignedIn } from '../wire/views';
import { ApiError, readResponse } from './response';
import { stored } from '../shell/stored';

const KEY = 'patchbay.session';

/** Who is signed in. Lasts across pages and tabs until the token runs out. */
@Injectable({ providedIn: 'root' })
export class Session {
  private readonly router = inject(Router);
  private readonly current = stored<SignedIn | null>(() => localStorage, KEY, readStored);
  private readonly why = signal<string | null>(null);

  readonly operator = computed(() => this.current()?.operator ?? null);
  readonly token = computed(() => this.current()?.token ?? null);
  readonly signedIn = computed(() => this.current() !== null);
  /** Why one has to sign in again; null where there is nothing to explain. */
  readonly reason = this.why.asReadonly();

  constructor() {
    addEventListener('storage', (event) => {
      if (event.key !== KEY) return;
      this.current.set(readStored(parseJson(event.newValue)));
      // Another tab signed in or out, which changes what the console's address shows.
      if (/^\/($|\?)/.test(this.router.url)) this.leave(this.router.url);
    });
  }

  /** Sign in; throws ApiError with the server's sentence. */
  async signIn(username: string, password: string): Promise<void> {
    const response = await readResponse(() =>
      fetch('/api/login', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ username, password }),
      }),
    );
    this.current.set(parseSignedIn(response));
    this.why.set(null);
  }

  signOut(): void {
    this.current.set(null);
    this.why.set(null);
    this.leave('/');
  }

  /** The token is not taken any more: say why, and come back to this page afterwards. */
  expired(reason: string): void {
    if (!this.signedIn()) return;
    this.current.set(null);
    this.why.set(reason);
    const { url } = this.router;
    // The console's address shows the sign-in to whoever is not signed in.
    this.leave(/^\/($|\?)/.test(url) ? url : `/?back=${encodeURIComponent(url)}`);
  }

  /** Go to `url`, even where we are there already: what it shows depends on who is signed in. */
  private leave(url: string): void {
    void this.router.navigateByUrl(url, { onSameUrlNavigation: 'reload' });
  }
}

/** A sentence for a token that the server refuses with this code. */
export function whySignInAgain(code: string): string {
  return code === 'expired_token'
    ? $localize`Your sign-in has run out: it lasts 12 hours. Sign in again, and everything is where it was.`
    : $localize`The server does not take your sign-in any more. Sign in again.`;
}

function readStored(value: unknown): SignedIn | null {
  try {
    return parseSignedIn(value);
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}

function parseJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
}

export { ApiError };
