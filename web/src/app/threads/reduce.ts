import { mergeMessages, withoutPartials } from '../conversation/merge';
import { Message } from '../wire/views';

/** A thread may be read whole; this only keeps a page that stays open for ever from growing for ever. */
export const MOST_MESSAGES = 20_000;

/**
 * The list with what the server sent on subscribing merged in, by id.
 *
 * Partials that came meanwhile stay. Linear where `messages` goes on where the list ends, as it does on
 * opening a thread and after most losses.
 */
export function caughtUp(
  list: readonly Message[],
  messages: readonly Message[],
): readonly Message[] {
  const finals = withoutPartials(list);
  const goesOn = messages.every(
    (message, index) =>
      message.final && message.seq > ((messages[index - 1] ?? finals.at(-1))?.seq ?? 0),
  );
  if (!goesOn) return mergeMessages(list, messages, MOST_MESSAGES);
  const known = new Set(messages.map((message) => message.id));
  const partials = list.filter((message) => !message.final && !known.has(message.id));
  return [...finals, ...messages, ...partials].slice(-MOST_MESSAGES);
}

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
