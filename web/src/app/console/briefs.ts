import { Injectable } from '@angular/core';

import { stored } from '../shell/stored';
import { CallView } from '../wire/views';

/** Why a call was handed over, and with what. */
export interface Brief {
  readonly callId: string;
  readonly reason: string;
  readonly summary: string;
}

/** What the operator was told when their call rang, also after the page was loaded again. */
@Injectable({ providedIn: 'root' })
export class Briefs {
  private readonly kept = stored<Brief | null>(() => sessionStorage, 'patchbay.brief', readBrief);

  /** Of one's own call; null where nobody knows. What the server says of it comes first. */
  of({ callId, reason, summary }: CallView): Brief | null {
    if (reason || summary) return { callId, reason: reason ?? '', summary: summary ?? '' };
    const kept = this.kept();
    return kept?.callId === callId ? kept : null;
  }

  /** Remember the newest one; null forgets it. */
  keep(brief: Brief | null): void {
    this.kept.set(brief && { callId: brief.callId, reason: brief.reason, summary: brief.summary });
  }
}

function readBrief(value: unknown): Brief | null {
  const brief = value as Partial<Brief> | null;
  const good = [brief?.callId, brief?.reason, brief?.summary].every(
    (each) => typeof each === 'string',
  );
  return good ? (brief as Brief) : null;
}
