import { ComponentFixture, TestBed } from '@angular/core/testing';

import { parseMessage } from '../wire/parse';
import { MESSAGE, changed } from '../wire/vectors';
import { Message } from '../wire/views';
import { Messages } from './messages';

function message(change: Record<string, unknown>): Message {
  return parseMessage(changed(MESSAGE, change));
}

const CALLER = message({ id: 'a', seq: 1, text: 'Hello?' });
const BOT = message({ id: 'b', seq: 2, speaker: 'bot', name: null, text: 'How can I help?' });
const HUMAN = message({ id: 'c', seq: 3, speaker: 'human', name: 'Sam', text: 'This is Sam.' });
const NOTE = message({ id: 'd', seq: 4, speaker: 'system', name: null, text: 'A note.' });

async function show(messages: readonly Message[]): Promise<ComponentFixture<Messages>> {
  const fixture = TestBed.createComponent(Messages);
  fixture.componentRef.setInput('messages', messages);
  await fixture.whenStable();
  return fixture;
}

function element(fixture: ComponentFixture<Messages>): HTMLElement {
  return fixture.nativeElement as HTMLElement;
}

/** jsdom lays nothing out: what the browser would measure is said here. */
function layOut(list: Element, sizes: { scrollTop: number; scrollHeight: number }): void {
  Object.defineProperty(list, 'clientHeight', { value: 100, configurable: true });
  Object.defineProperty(list, 'scrollHeight', { value: sizes.scrollHeight, configurable: true });
  list.scrollTop = sizes.scrollTop;
  list.dispatchEvent(new Event('scroll'));
}

describe('Messages', () => {
  it('tells speakers apart by word and side, not only by colour', async () => {
    const rows = [...element(await show([CALLER, BOT, HUMAN, NOTE])).querySelectorAll('.row')];
    const words = rows.map((row) => row.querySelector('header')?.textContent ?? '');
    expect(words[0]).toContain('caller');
    expect(words[1]).toContain('Bot');
    expect(words[2]).toContain('Sam');
    expect(words[2]).toContain('operator');
    expect(rows.map((row) => /left|right|middle/.exec(row.className)?.[0])).toEqual([
      'left',
      'right',
      'right',
      'middle',
    ]);
  });

  it('says a name once where the same speaker goes on, and to screen readers always', async () => {
    const more = { ...CALLER, id: 'e', seq: 2, startedAt: CALLER.startedAt + 1000 };
    const rows = [...element(await show([CALLER, more])).querySelectorAll('.row')];
    expect(rows.map((row) => row.querySelector('header') !== null)).toEqual([true, false]);
    expect(rows[1]?.textContent).toContain('Dana Field:');
  });

  it('marks what is still being said', async () => {
    const partial = message({ id: 'p', final: false, seq: 0, text: 'I need' });
    const row = element(await show([partial])).querySelector('.row');
    expect(row?.getAttribute('data-final')).toBe('false');
    expect(row?.textContent).toContain('still speaking');
  });

  it('shows what a caller types as text, whatever it looks like', async () => {
    const nasty = message({ text: '<img src=x onerror="alert(1)">' });
    const root = element(await show([nasty]));
    expect(root.querySelector('img')).toBeNull();
    expect(root.querySelector('.bubble')?.textContent).toContain('<img');
  });

  it('says that there is nothing yet', async () => {
    expect(element(await show([])).textContent).toContain('Nothing has been said yet.');
  });

  it('says how much has come while one reads further up, and goes there', async () => {
    const fixture = await show([CALLER]);
    const list = element(fixture).querySelector('.list') as HTMLElement;
    layOut(list, { scrollTop: 0, scrollHeight: 1000 });
    fixture.componentRef.setInput('messages', [CALLER, BOT, HUMAN]);
    await fixture.whenStable();
    const pill = element(fixture).querySelector<HTMLButtonElement>('.pill');
    expect(pill?.textContent).toContain('2 new messages');
    expect(list.scrollTop).toBe(0);
    pill?.click();
    await fixture.whenStable();
    expect(list.scrollTop).toBe(1000);
    expect(element(fixture).querySelector('.pill')).toBeNull();
  });

  it('shows deliveries where asked to', async () => {
    const fixture = await show([{ ...HUMAN, delivery: 'failed' }]);
    expect(element(fixture).querySelector('.delivery')).toBeNull();
    fixture.componentRef.setInput('deliveries', true);
    await fixture.whenStable();
    expect(element(fixture).querySelector('.delivery')?.textContent).toContain('not delivered');
  });
});
