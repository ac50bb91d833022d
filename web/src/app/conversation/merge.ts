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
  const merged = old ? list.with(at, message) : [...list, message];
  return merged.toSorted(byOrder).slice(-most);
}

/** The list with all of `messages` merged in. */
export function mergeMessages(
  list: readonly Message[],
  messages: readonly Message[],
  most = 1000,
): readonly Message[] {
  return messages.reduce((merged, message) => mergeMessage(merged, message, most), list);
}

/** The list with one message's delivery changed. */
export function mergeDelivery(
  list: readonly Message[],
  change: DeliveryChange,
): readonly Message[] {
  const at = list.findIndex((message) => message.id === change.id);
  const old = list[at];
  return old ? list.with(at, { ...old, delivery: change.delivery }) : list;
}

/** Partials that never got a final (the server died) must not stand for ever. */
export function withoutPartials(list: readonly Message[]): readonly Message[] {
  return list.every((message) => message.final) ? list : list.filter((message) => message.final);
}

function byOrder(one: Message, other: Message): number {
  if (one.final !== other.final) return one.final ? -1 : 1;
  return one.final ? one.seq - other.seq : one.startedAt - other.startedAt;
}
