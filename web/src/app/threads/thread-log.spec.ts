import { ComponentFixture, TestBed } from '@angular/core/testing';

import { mergeMessage } from '../conversation/merge';
import { parseMessage } from '../wire/parse';
import { MESSAGE, changed } from '../wire/vectors';
import { Message } from '../wire/views';
import { ThreadLog } from './thread-log';

function message(change: Record<string, unknown>): Message {
  return parseMessage(changed(MESSAGE, change));
}

const CALLER = message({ id: 'a', seq: 1, text: 'Hello?', delivery: 'delivered' });
const BOT = message({ id: 'b', seq: 2, speaker: 'bot', name: null, text: 'Good evening.' });
const SAM = message({ id: 'c', seq: 3, speaker: 'human', name: 'Sam', text: 'Sam here.' });

function log(messages: readonly Message[]): ComponentFixture<ThreadLog> {
  const fixture = TestBed.createComponent(ThreadLog);
  show(fixture, messages);
  return fixture;
}

function show(fixture: ComponentFixture<ThreadLog>, messages: readonly Message[]): void {
  fixture.componentRef.setInput('messages', messages);
  fixture.detectChanges();
}

function all(fixture: ComponentFixture<ThreadLog>, selector: string): string[] {
  const found = (fixture.nativeElement as HTMLElement).querySelectorAll(selector);
  return [...found].map((each) => (each.textContent ?? '').replace(/\s+/g, ' ').trim());
}

/** Scroll positions, which jsdom has none of. */
function scrolledTo(fixture: ComponentFixture<ThreadLog>, fromEnd: number): void {
  const list = (fixture.nativeElement as HTMLElement).querySelector('.list') as HTMLElement;
  Object.defineProperties(list, {
    scrollHeight: { configurable: true, value: 1000 },
    clientHeight: { configurable: true, value: 300 },
  });
  list.scrollTop = 700 - fromEnd;
  list.dispatchEvent(new Event('scroll'));
  fixture.detectChanges();
}

describe('ThreadLog', () => {
  it('tells speakers apart by name, role and side', () => {
    const fixture = log([CALLER, BOT, SAM]);
    expect(all(fixture, 'header .who')).toEqual(['Dana Field', 'Bot', 'Sam']);
    expect(all(fixture, 'header .role')).toEqual(['caller', 'operator']);
    const sides = [...fixture.nativeElement.querySelectorAll('article')].map((row: HTMLElement) =>
      row.classList.contains('left'),
    );
    expect(sides).toEqual([true, false, false]);
    expect(all(fixture, '.divider.turn')).toEqual(['Sam joined']);
  });

  it('turns a partial into its final in place, and takes an empty one back', () => {
    const partial = message({ id: 'd', seq: 0, final: false, text: 'I wou' });
    let list = mergeMessage([CALLER], partial);
    const fixture = log(list);
    const row = () => fixture.nativeElement.querySelector('article:last-child') as HTMLElement;
    const before = row();
    expect(before.classList.contains('partial')).toBe(true);
    expect(all(fixture, '.partial .bubble')).toEqual(['I wou (still speaking)']);
    list = mergeMessage(list, message({ id: 'd', seq: 2, text: 'I would like bread.' }));
    show(fixture, list);
    expect(row()).toBe(before);
    expect(all(fixture, '.partial')).toEqual([]);
    show(fixture, mergeMessage(list, message({ id: 'e', seq: 0, final: false, text: 'uh' })));
    show(fixture, mergeMessage(list, message({ id: 'e', seq: 0, final: false, text: '' })));
    expect(all(fixture, '.bubble')).toEqual(['Hello?', 'I would like bread.']);
  });

  it('says in words how far the delivery is', () => {
    const states = (['delivered', 'pending', 'failed', 'local'] as const).map((delivery, index) =>
      message({ id: delivery, seq: index + 1, delivery }),
    );
    expect(all(log(states), '.delivery')).toEqual([
      'delivered',
      'being delivered',
      'not delivered',
    ]);
  });

  it('follows what is new, but not once the reader has scrolled up', () => {
    const fixture = log([CALLER]);
    expect(all(fixture, '.pill')).toEqual([]);
    scrolledTo(fixture, 200);
    expect(all(fixture, '.pill')).toEqual(['Newest']);
    show(fixture, [CALLER, BOT]);
    expect(all(fixture, '.pill')).toEqual(['1 new message']);
    show(fixture, [CALLER, BOT, SAM]);
    expect(all(fixture, '.pill')).toEqual(['2 new messages']);
    const list = fixture.nativeElement.querySelector('.list') as HTMLElement;
    expect(list.scrollTop).toBe(500);
    fixture.nativeElement.querySelector('.pill').click();
    fixture.detectChanges();
    expect(list.scrollTop).toBe(1000);
    expect(all(fixture, '.pill')).toEqual([]);
  });
});
