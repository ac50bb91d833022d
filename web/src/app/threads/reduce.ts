import { Message } from '../wire/views';

/** A thread may be read whole; this only keeps a page that stays open for ever from growing for ever. */
export const MOST_MESSAGES = 20_000;

/**
 * The `afterSeq` to subscribe with, so that nothing is missed: the last seq before the first gap.
 *
 * What was still to be delivered is asked for again, since its delivery may have changed while we were away.
 */
export function resumeAfter(list: readonly Message[]): number {
  let after = list[0]?.final ? list[0].seq - 1 : 0;
  for (const message of list) {
    if (!message.final || message.seq > after + 1 || message.delivery === 'pending') break;
    after = message.seq;
  }
  return after;
}
