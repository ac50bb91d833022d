import { parseMessage } from '../wire/parse';
import { MESSAGE, changed } from '../wire/vectors';
import { Message } from '../wire/views';
import { mergeDelivery, mergeMessage, mergeMessages, withoutPartials } from './merge';

function message(change: Record<string, unknown>): Message {
  return parseMessage(changed(MESSAGE, change));
}

const first = message({ id: 'a', seq: 1, text: 'one' });
const second = message({ id: 'b', seq: 2, text: 'two' });
const partial = message({
  id: 'c',
  seq: 0,
  final: false,
  text: 'thr',
  startedAt: '2026-11-21T21:16:00Z',
});

describe('mergeMessage', () => {
  it('sorts finals by seq, whatever order they come in', () => {
    expect(mergeMessages([], [second, first]).map((m) => m.text)).toEqual(['one', 'two']);
  });

  it('keeps partials behind the finals, in the order of speaking', () => {
    const later = { ...partial, id: 'd', startedAt: partial.startedAt + 5000 };
    const list = mergeMessages([], [later, partial, second, first]);
    expect(list.map((m) => m.id)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('replaces a partial by the newer partial and then by its final', () => {
    const grown = { ...partial, text: 'three w' };
    const final = message({ id: 'c', seq: 3, text: 'three words' });
    let list = mergeMessages([], [first, partial, grown]);
    expect(list.map((m) => m.text)).toEqual(['one', 'three w']);
    list = mergeMessage(list, final);
    expect(list.map((m) => [m.text, m.final])).toEqual([
      ['one', true],
      ['three words', true],
    ]);
  });

  it('is not undone by a partial that comes late', () => {
    const list = [message({ id: 'c', seq: 3, text: 'three words' })];
    expect(mergeMessage(list, partial)).toBe(list);
  });

  it('takes a partial back when nothing was said after all', () => {
    const empty = message({ id: 'c', seq: 0, final: false, text: '' });
    expect(mergeMessage([first, partial], empty)).toEqual([first]);
    const list = [first];
    expect(mergeMessage(list, empty)).toBe(list);
  });

  it('keeps an empty final, which is what the server says', () => {
    expect(mergeMessage([], message({ id: 'x', text: '' }))).toHaveLength(1);
  });

  it('replaces a final whose delivery changed', () => {
    const delivered = { ...first, delivery: 'delivered' as const };
    expect(mergeMessage([first, second], delivered)).toEqual([delivered, second]);
  });

  it('drops the oldest beyond its bound', () => {
    const third = message({ id: 'z', seq: 3 });
    expect(mergeMessages([], [first, second, third], 2).map((m) => m.id)).toEqual(['b', 'z']);
  });
});

describe('mergeDelivery', () => {
  it('changes one message and nothing else', () => {
    const change = { id: 'a', delivery: 'failed' as const, deliveryNote: 'uncertain' };
    expect(mergeDelivery([first, second], change)).toEqual([
      { ...first, delivery: 'failed', deliveryNote: 'uncertain' },
      second,
    ]);
    const list = [second];
    expect(mergeDelivery(list, change)).toBe(list);
  });
});

describe('withoutPartials', () => {
  it('drops what never became final', () => {
    expect(withoutPartials([first, partial])).toEqual([first]);
    const list = [first, second];
    expect(withoutPartials(list)).toBe(list);
  });
});
