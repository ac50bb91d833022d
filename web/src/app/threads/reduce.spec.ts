import { mergeDelivery, mergeMessage, mergeMessages, withoutPartials } from '../conversation/merge';
import { parseMessage } from '../wire/parse';
import { MESSAGE, changed } from '../wire/vectors';
import { Message } from '../wire/views';
import { MOST_MESSAGES, resumeAfter } from './reduce';

function final(seq: number, change: Record<string, unknown> = {}): Message {
  return parseMessage(changed(MESSAGE, { id: `m${seq}`, seq, text: `words ${seq}`, ...change }));
}

function partial(id: string, text: string): Message {
  return parseMessage(changed(MESSAGE, { id, seq: 0, final: false, text }));
}

const seqs = (list: readonly Message[]) => list.map((message) => message.seq);

describe('mergeMessages', () => {
  it('takes a whole thread as it is', () => {
    const whole = Array.from({ length: 2000 }, (_, index) => final(index + 1));
    expect(mergeMessages([], whole, MOST_MESSAGES)).toEqual(whole);
  });

  it('goes on where the list ends, without gap or double', () => {
    const list = mergeMessages([final(1), final(2)], [final(3), final(4)]);
    expect(seqs(list)).toEqual([1, 2, 3, 4]);
  });

  it('shows once what comes twice, and takes the newer of the two', () => {
    const list = mergeMessages(
      [final(1), final(2, { delivery: 'pending' })],
      [final(2, { delivery: 'delivered' }), final(3)],
    );
    expect(seqs(list)).toEqual([1, 2, 3]);
    expect(list[1]?.delivery).toBe('delivered');
  });

  it('puts what was missed in its place, even before a final that came first', () => {
    expect(seqs(mergeMessages([final(1), final(4)], [final(2), final(3), final(4)]))).toEqual([
      1, 2, 3, 4,
    ]);
  });

  it('keeps a partial that came before the answer, unless the answer has its final', () => {
    const list = [final(1), partial('m2', 'wor'), partial('m9', 'and')];
    const ids = mergeMessages(list, [final(2)]).map((message) => [message.id, message.final]);
    expect(ids).toEqual([
      ['m1', true],
      ['m2', true],
      ['m9', false],
    ]);
  });
});

describe('resumeAfter', () => {
  it('is 0 for nothing, and the last seq of a dense list', () => {
    expect(resumeAfter([])).toBe(0);
    expect(resumeAfter([partial('p', 'hm')])).toBe(0);
    expect(resumeAfter([final(1), final(2), partial('p', 'hm')])).toBe(2);
  });

  it('stops before a gap', () => {
    expect(resumeAfter([final(1), final(2), final(4)])).toBe(2);
  });

  it('asks again for what was still to be delivered', () => {
    const list = [
      final(1, { delivery: 'delivered' }),
      final(2, { delivery: 'pending' }),
      final(3, { delivery: 'delivered' }),
    ];
    expect(resumeAfter(list)).toBe(1);
  });

  it('works for a list whose beginning was dropped', () => {
    expect(resumeAfter([final(7), final(8)])).toBe(8);
  });
});

describe('a thread that is lost and comes back', () => {
  it('has each message once, and no partial that never became final', () => {
    let list = mergeMessages([], [final(1)]);
    list = mergeMessage(list, partial('m2', 'wo'));
    list = mergeMessage(list, partial('gone', 'never fin'));
    list = withoutPartials(list);
    expect(resumeAfter(list)).toBe(1);
    list = mergeMessages(list, [final(2), final(3)]);
    list = mergeMessage(list, final(3));
    list = mergeMessage(list, partial('m3', 'late'));
    expect(seqs(list)).toEqual([1, 2, 3]);
    list = mergeDelivery(list, { id: 'm3', delivery: 'failed', deliveryNote: null });
    expect(list.map((message) => message.delivery)).toEqual(['local', 'local', 'failed']);
  });

  it('forgets a partial that is taken back', () => {
    const list = mergeMessage([final(1)], partial('m2', 'wo'));
    expect(mergeMessage(list, partial('m2', ''))).toEqual([final(1)]);
  });
});
