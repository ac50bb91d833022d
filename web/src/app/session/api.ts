import { Injectable, inject } from '@angular/core';

import { ApiError, goodResponse, offline, readResponse } from './response';
import { Session, whySignInAgain } from './session';

const PATIENCE_MS = 8000;
/** A file is made while one waits for it. */
const FILE_PATIENCE_MS = 60_000;

/** REST with the operator's token, where there is one. A `token` given replaces the operator's. */
@Injectable({ providedIn: 'root' })
export class Api {
  private readonly session = inject(Session);

  /** Parsed JSON of a GET; throws ApiError, or WireError where `parse` does. */
  async get<T>(path: string, parse: (value: unknown) => T, token?: string): Promise<T> {
    return parse(await this.asked(token, () => readResponse(this.request(path, {}, token))));
  }

  /** Parsed JSON of a POST; throws as `get` does. */
  async post<T>(path: string, body: object, parse: (value: unknown) => T): Promise<T> {
    const headers = { 'Content-Type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    return parse(await this.asked(undefined, () => readResponse(this.request(path, init))));
  }

  /** Done once it resolves, whatever the server says of it; throws ApiError. */
  async delete(path: string): Promise<void> {
    await this.asked(undefined, () => goodResponse(this.request(path, { method: 'DELETE' })));
  }

  /** A file as it is; throws ApiError. */
  async file(path: string, token?: string): Promise<Blob> {
    return this.asked(token, async () => {
      const response = await goodResponse(this.request(path, {}, token, FILE_PATIENCE_MS));
      try {
        return await response.blob();
      } catch {
        throw offline();
      }
    });
  }

  private request(path: string, init: RequestInit, token?: string, patience = PATIENCE_MS) {
    const headers = new Headers(init.headers);
    const bearer = token ?? this.session.token();
    if (bearer) headers.set('Authorization', `Bearer ${bearer}`);
    return () => fetch(path, { ...init, headers, signal: AbortSignal.timeout(patience) });
  }

  /** A sign-in that is not taken any more is over, unless another token was tried. */
  private async asked<T>(token: string | undefined, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof ApiError && error.status === 401 && token === undefined) {
        this.session.expired(whySignInAgain(error.code));
      }
      throw error;
    }
  }
}

export { ApiError };
