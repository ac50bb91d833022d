import { Injectable, inject } from '@angular/core';

import { ApiError, readResponse } from './response';
import { Session, whySignInAgain } from './session';

const PATIENCE_MS = 8000;

/** REST with the operator's token, where there is one. */
@Injectable({ providedIn: 'root' })
export class Api {
  private readonly session = inject(Session);

  /** Parsed JSON of a GET; throws ApiError, or WireError where `parse` does. `token` replaces the operator's. */
  async get<T>(path: string, parse: (value: unknown) => T, token?: string): Promise<T> {
    return parse(await this.request(path, { method: 'GET' }, token));
  }

  /** Parsed JSON of a POST; throws as `get` does. */
  async post<T>(path: string, body: object, parse: (value: unknown) => T): Promise<T> {
    const headers = { 'Content-Type': 'application/json' };
    return parse(await this.request(path, { method: 'POST', headers, body: JSON.stringify(body) }));
  }

  private async request(path: string, init: RequestInit, token?: string): Promise<unknown> {
    const headers = new Headers(init.headers);
    const bearer = token ?? this.session.token();
    if (bearer) headers.set('Authorization', `Bearer ${bearer}`);
    const signal = AbortSignal.timeout(PATIENCE_MS);
    try {
      return await readResponse(() => fetch(path, { ...init, headers, signal }));
    } catch (error) {
      if (error instanceof ApiError && error.status === 401 && token === undefined) {
        this.session.expired(whySignInAgain(error.code));
      }
      throw error;
    }
  }
}

export { ApiError };
