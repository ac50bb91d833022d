import { parseCallView } from '../wire/parse';
import { listOf } from '../wire/read';
import { CallView } from '../wire/views';

/** The live calls, as `GET /api/calls` lists them. */
export function parseCalls(value: unknown): readonly CallView[] {
  return listOf((entry) => parseCallView(entry))(value, 'calls');
}

/** Calls by thread; of several in one thread the newest. */
export function byThread(calls: readonly CallView[]): ReadonlyMap<string, CallView> {
  const live = calls.filter((call) => call.state !== 'ended');
  return new Map(
    live.toSorted((a, b) => a.startedAt - b.startedAt).map((call) => [call.threadId, call]),
  );
}

/** Where a live call is, in a few words. */
export function whereabouts({ state, speaker, operator }: CallView): string {
  const who = operator?.name ?? $localize`an operator`;
  switch (state) {
    case 'bot':
      return speaker === 'agent' ? $localize`with a software agent` : $localize`with the assistant`;
    case 'handoff':
      return $localize`waiting for a person`;
    case 'connecting':
      return $localize`${who} is being connected`;
    case 'bridged':
      return $localize`with ${who}`;
    case 'held':
      return $localize`on hold by ${who}`;
    case 'ended':
      return $localize`ended`;
  }
}
