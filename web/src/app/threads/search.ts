import { label } from '../conversation/label';
import { Api, ApiError } from '../session/api';
import { phoneNumber } from '../shell/format';
import { parseSearch } from '../wire/parse';
import { Piece, SearchHit } from '../wire/views';

/** A message in which something was found, as a line. */
export interface Found {
  readonly key: string;
  readonly threadId: string;
  readonly fragment: string;
  /** Whose conversation it is. */
  readonly whose: string;
  /** Who said it; null where that was the caller. */
  readonly who: string | null;
  readonly at: number;
  readonly snippet: readonly Piece[];
}

/** As many as are asked for at once. */
export const MOST_FOUND = 50;
/** A single letter is in every message. */
const SHORTEST = 2;

/** The messages in which `query` was said; null where this server does not search for that. */
export async function searchSaid(api: Api, query: string): Promise<readonly Found[] | null> {
  if (query.length < SHORTEST) return [];
  try {
    const path = `/api/threads/search?limit=${MOST_FOUND}&q=${encodeURIComponent(query)}`;
    return (await api.get(path, parseSearch)).results.map(line);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

function line(hit: SearchHit): Found {
  const { number, name } = hit.caller;
  const called = hit.speaker === 'caller' ? hit.name : null;
  const whose = name || phoneNumber(number) || called || $localize`Unknown caller`;
  // What was said by the caller, and a conversation itself, need no second name.
  const who = hit.speaker === 'caller' ? null : label(hit);
  return {
    key: `${hit.threadId} ${hit.seq}`,
    threadId: hit.threadId,
    fragment: `seq-${hit.seq}`,
    whose,
    who,
    at: hit.startedAt,
    snippet: hit.snippet,
  };
}
