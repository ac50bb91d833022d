import { DeliveryChange, Message } from '../wire/views';

/**
 * The list with one message more, or replaced by id.
 *
 * A final replaces the partial of its id and is never undone by a late partial. A partial without text
 * takes it back. Finals stand in the order of `seq`, partials after them in the order of speaking.
 * `most`: the oldest beyond that many are dropped. Returns the same list where nothing changes.
 */
export function mergeMessage(
  list: readonly Message[],
  message: Message,
  most = 1000,
): readonly Message[] {
  const at = list.findIndex((other) => other.id === message.id);
  const old = list[at];
  if (!message.final) {
    if (old?.final) return list;
    if (message.text === '') return old ? list.filter((other) => other !== old) : list;
  }
  const last = list.at(-1);
  // As nearly all come, also the thousands of a long thread: at the end.
  const follows = !old && message.final && (!last || (last.final && last.seq < message.seq));
  if (follows) return [...list, message].slice(-most);
  const merged = old ? list.with(at, message) : [...list, message];
  return merged.toSorted(byOrder).slice(-most);
}

/** The list with all of `messages` merged in, in one go: a thread may have thousands. */
export function mergeMessages(
  list: readonly Message[],
  messages: readonly Message[],
  most = 1000,
): readonly Message[] {
  const known = new Map(list.map((message) => [message.id, message]));
  for (const message of messages) {
    if (message.final) known.set(message.id, message);
    else if (known.get(message.id)?.final) continue;
    else if (message.text === '') known.delete(message.id);
    else known.set(message.id, message);
  }
  return [...known.values()].toSorted(byOrder).slice(-most);
}

/** The list with one message's delivery changed. */
export function mergeDelivery(
  list: readonly Message[],
  change: Pick<DeliveryChange, 'id' | 'delivery' | 'deliveryNote'>,
): readonly Message[] {
  const at = list.findIndex((message) => message.id === change.id);
  const old = list[at];
  return old
    ? list.with(at, { ...old, delivery: change.delivery, deliveryNote: change.deliveryNote })
    : list;
}

/** Partials that never got a final (the server died) must not stand for ever. */
export function withoutPartials(list: readonly Message[]): readonly Message[] {
  return list.every((message) => message.final) ? list : list.filter((message) => message.final);
}

function byOrder(one: Message, other: Message): number {
  if (one.final !== other.final) return one.final ? -1 : 1;
  return one.final ? one.seq - other.seq : one.startedAt - other.startedAt;
}
