import { ViewerToken } from '../wire/views';

/**
 * The address that lets anybody read a thread: the token stands behind the `#`, which browsers send to
 * nobody. The server's own address is used for its origin, since ours may be one that only we can reach.
 */
export function viewerLink(threadId: string, viewer: ViewerToken, origin: string): string {
  const base = URL.canParse(viewer.url, origin) ? new URL(viewer.url, origin).origin : origin;
  const path = `/threads/${encodeURIComponent(threadId)}`;
  return `${base}${path}#token=${encodeURIComponent(viewer.token)}`;
}

/** The `seq` of the message that an address's fragment leads to, as in `#seq-12`; null where it leads to none. */
export function seqIn(fragment: string | null): number | null {
  const found = /(?:^|&)seq-(\d{1,9})(?:&|$)/.exec(fragment ?? '');
  return found ? Number(found[1]) : null;
}

/** The token in an address's fragment; null where there is none. */
export function tokenIn(fragment: string | null): string | null {
  return new URLSearchParams(fragment ?? '').get('token') || null;
}
