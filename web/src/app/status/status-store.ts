import { DestroyRef, Injectable, computed, inject } from '@angular/core';

import { Api } from '../session/api';
import { readResponse } from '../session/response';
import { Session } from '../session/session';
import { poll } from '../threads/poll';
import { CallConfig, parseConfig } from './config/values';
import { parseHealth, parseLiveCalls, parseStatus } from './parse';
import { Part } from './part';
import { Health, LiveCall, Status } from './views';

const LOOK_MS = 2000;
const PATIENCE_MS = 8000;
const CONFIG = '/api/config/call';

/** How the server is, asked for every two seconds while an operator can see the page. Provided by the page. */
@Injectable()
export class StatusStore {
  private readonly api = inject(Api);
  private readonly session = inject(Session);

  readonly health = new Part<Health>(async () => parseHealth(await readResponse(askHealth)));
  readonly calls = new Part<readonly LiveCall[]>(() => this.api.get('/api/calls', parseLiveCalls));
  readonly status = new Part<Status>(() => this.api.get('/api/status', parseStatus));
  readonly config = new Part<CallConfig>(() => this.api.get(CONFIG, parseConfig));

  private readonly parts = [this.health, this.calls, this.status, this.config] as const;

  /** What is wrong with the questions themselves, each sentence once. */
  readonly troubles = computed(() => [
    ...new Set(this.parts.map((part) => part.trouble()).filter((text) => text !== null)),
  ]);

  /** Ask now, and from now on. */
  readonly look = poll(inject(DestroyRef), LOOK_MS, async () => {
    if (!this.session.signedIn()) return;
    await Promise.all(this.parts.map((part) => part.ask()));
  });

  /** Change some keys of the call configuration, and read it anew; throws ApiError. */
  async save(changes: Readonly<Record<string, unknown>>): Promise<void> {
    await this.api.post(CONFIG, changes, () => undefined);
    await this.config.ask(true);
  }
}

/** A server that is not ready says so with 503, which is an answer like any other. */
async function askHealth(): Promise<Response> {
  const response = await fetch('/readyz', { signal: AbortSignal.timeout(PATIENCE_MS) });
  const told = response.headers.get('Content-Type')?.startsWith('application/json');
  return response.status === 503 && told ? new Response(response.body) : response;
}
