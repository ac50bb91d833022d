import { ComponentFixture, TestBed } from '@angular/core/testing';

import { parseMessage } from '../wire/parse';
import { MESSAGE, changed } from '../wire/vectors';
import { Message } from '../wire/views';
import { Log } from './log';
import { mergeMessage } from './merge';

function message(change: Record<string, unknown>): Message {
  return parseMessage(changed(MESSAGE, change));
}

const CALLER = message({ id: 'a', seq: 1, text: 'Hello?', delivery: 'delivered' });
const BOT = message({ id: 'b', seq: 2, speaker: 'bot', name: null, text: 'Good evening.' });
const SAM = message({ id: 'c', seq: 3, speaker: 'human', name: 'Sam', text: 'Sam here.' });

/** A log with everything that a log can show. */
function log(
  messages: readonly Message[],
  inputs: Record<string, unknown> = {},
): ComponentFixture<Log> {
  const fixture = TestBed.createComponent(Log);
  for (const [name, value] of Object.entries({ dividers: true, deliveries: true, ...inputs })) {
    fixture.componentRef.setInput(name, value);
  }
  show(fixture, messages);
  return fixture;
}

function show(fixture: ComponentFixture<Log>, messages: readonly Message[]): void {
  fixture.componentRef.setInput('messages', messages);
  fixture.detectChanges();
}

function all(fixture: ComponentFixture<Log>, selector: string): string[] {
  const found = (fixture.nativeElement as HTMLElement).querySelectorAll(selector);
  return [...found].map((each) => (each.textContent ?? '').replace(/\s+/g, ' ').trim());
}

/** Scroll positions, which jsdom has none of. */
function scrolledTo(fixture: ComponentFixture<Log>, fromEnd: number): void {
  const list = (fixture.nativeElement as HTMLElement).querySelector('.list') as HTMLElement;
  Object.defineProperties(list, {
    scrollHeight: { configurable: true, value: 1000 },
    clientHeight: { configurable: true, value: 300 },
  });
  list.scrollTop = 700 - fromEnd;
  list.dispatchEvent(new Event('scroll'));
  fixture.detectChanges();
}

describe('Log', () => {
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
    expect(all(log(states), '.mark')).toEqual(['delivered', 'being delivered', 'not delivered']);
    expect(all(log(states, { deliveries: false }), '.mark')).toEqual([]);
  });

  it('does not call uncertain what is certainly not delivered, nor the other way round', () => {
    const change = { delivery: 'failed', deliveryNote: 'uncertain' };
    const [mark] = all(log([message(change)]), '.mark');
    expect(mark).toMatch(/^perhaps not delivered.*does not arrive twice/);
    const refused = message({ delivery: 'failed', deliveryNote: 'refused' });
    expect(all(log([refused]), '.mark')).toEqual(['not delivered: it was refused']);
  });

  it('says of what was written late when it was said, where it came', () => {
    const late = message({
      id: 'l',
      seq: 4,
      text: 'Before that.',
      late: true,
      startedAt: new Date(2026, 10, 20, 12, 3, 5).toISOString(),
    });
    const fixture = log([CALLER, BOT, SAM, late, { ...SAM, id: 'f', seq: 5 }]);
    expect(all(fixture, '.bubble').at(-2)).toBe('Before that.');
    expect(all(fixture, '.late')).toHaveLength(1);
    expect(all(fixture, '.late')[0]).toMatch(/^said at .*20.*12:03:05.*, written later$/);
    expect(all(fixture, 'header .who')).toEqual(['Dana Field', 'Bot', 'Sam', 'Dana Field', 'Sam']);
    expect(all(fixture, '.divider.day')).toHaveLength(1);
  });

  it('names the speaker to screen readers even where the name is not repeated', () => {
    const more = { ...CALLER, id: 'e', seq: 2, startedAt: CALLER.startedAt + 1000 };
    const fixture = log([CALLER, more]);
    expect(all(fixture, 'header')).toHaveLength(1);
    expect(all(fixture, 'article')[1]).toContain('Dana Field:');
  });

  it("shows the caller's own words at the right to the caller", () => {
    const fixture = log([CALLER, BOT, SAM], { reader: 'caller', dividers: false });
    const sides = [...fixture.nativeElement.querySelectorAll('article')].map(
      (row: HTMLElement) => /left|right/.exec(row.className)?.[0],
    );
    expect(sides).toEqual(['right', 'left', 'left']);
    expect(all(fixture, '.divider')).toEqual([]);
  });

  it('shows what a caller types as text, whatever it looks like', () => {
    const fixture = log([message({ text: '<img src=x onerror="alert(1)">' })]);
    expect(fixture.nativeElement.querySelector('img')).toBeNull();
    expect(all(fixture, '.bubble')[0]).toContain('<img');
  });

  it('says that there is nothing yet', () => {
    expect(all(log([]), '.empty')).toEqual(['Nothing has been said yet.']);
  });

  it('leads to the message that somebody was sent to, once it is there, and does not follow on', () => {
    const went: string[] = [];
    Element.prototype.scrollIntoView = function (this: Element) {
      went.push(this.textContent ?? '');
    };
    const fixture = log([CALLER], { target: 2 });
    expect(went).toEqual([]);
    show(fixture, [CALLER, BOT, SAM]);
    expect(went[0]).toContain('Good evening.');
    expect(all(fixture, '[aria-current]')).toHaveLength(1);
    expect(document.activeElement?.textContent).toContain('Good evening.');
    show(fixture, [CALLER, BOT, SAM, { ...SAM, id: 'd', seq: 4 }]);
    expect(all(fixture, '.pill')).toEqual(['1 new message']);
    expect(went).toHaveLength(1);
  });

  it('follows what is new, but not once the reader has scrolled up', () => {
    const fixture = log([CALLER]);
    // The window has become smaller: the end is followed, and nobody has scrolled.
    scrolledTo(fixture, 200);
    expect(all(fixture, '.pill')).toEqual([]);
    expect(fixture.nativeElement.querySelector('.list').scrollTop).toBe(1000);
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
