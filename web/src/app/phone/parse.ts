import { listOf, nullable, object, text } from '../wire/read';

/** `welcome`: the servers that help the browser find a way. */
export function parseIceServers(value: unknown): readonly RTCIceServer[] {
  const servers = object(value, 'welcome')['iceServers'] ?? [];
  return listOf((entry, path) => {
    const given = object(entry, path);
    const urls = typeof given['urls'] === 'string' ? [given['urls']] : given['urls'];
    const username = nullable(text)(given['username'], `${path}.username`);
    const credential = nullable(text)(given['credential'], `${path}.credential`);
    return {
      urls: [...listOf(text)(urls, `${path}.urls`)],
      ...(username !== null && credential !== null && { username, credential }),
    };
  })(servers, 'welcome.iceServers');
}

/** The call that a page was in, kept for when it is loaded again. */
export interface KeptCall {
  readonly callId: string;
  readonly threadId: string;
  readonly startedAt: number;
  /** What proves to the server that it is ours; null where it gave none. */
  readonly secret: string | null;
}

export function readKept(value: unknown): KeptCall | null {
  const kept = value as Partial<KeptCall> | null;
  const good =
    typeof kept?.callId === 'string' &&
    typeof kept.threadId === 'string' &&
    typeof kept.startedAt === 'number';
  if (!good) return null;
  const { callId, threadId, startedAt } = kept as KeptCall;
  // A page of before kept none.
  const secret = typeof kept.secret === 'string' ? kept.secret : null;
  return { callId, threadId, startedAt, secret };
}
