import { Injectable, inject } from '@angular/core';

import { Api, ApiError } from '../session/api';
import { Session } from '../session/session';
import { parseCallView } from '../wire/parse';
import { WireError } from '../wire/read';
import { CallView } from '../wire/views';

/**
 * Asks how a call stands and who has it: a caller is not told by name, nor told again what they missed
 * while they were away.
 */
@Injectable({ providedIn: 'root' })
export class CallLookup {
  private readonly api = inject(Api);
  private readonly session = inject(Session);

  /** The call; null where the server does not say. */
  async find(callId: string): Promise<CallView | null> {
    try {
      const path = `/api/calls/${encodeURIComponent(callId)}`;
      // An operator's sign-in that ran out must not lead away from a call.
      return await this.api.get(path, parseCallView, this.session.token() ?? '');
    } catch (error) {
      if (error instanceof ApiError || error instanceof WireError) return null;
      throw error;
    }
  }
}
