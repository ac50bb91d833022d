import { Injectable, signal } from '@angular/core';

export interface LiveCall {
  readonly who: string;
  /** Ms since 1970 by this computer. */
  readonly since: number;
}

/** What goes on in the console, for the header and the tab's title on every page. */
@Injectable({ providedIn: 'root' })
export class Activity {
  /** Names of those whose calls ring here. */
  readonly ringing = signal<readonly string[]>([]);
  readonly call = signal<LiveCall | null>(null);
}
