import { TestBed } from '@angular/core/testing';

import { Keypad } from './keypad';

function keypad() {
  const fixture = TestBed.createComponent(Keypad);
  const pressed: string[] = [];
  fixture.componentInstance.pressed.subscribe((digit) => pressed.push(digit));
  fixture.detectChanges();
  return { fixture, pressed, element: fixture.nativeElement as HTMLElement };
}

function type(key: string, init: KeyboardEventInit = {}, target: EventTarget = document.body) {
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, ...init }));
}

describe('Keypad', () => {
  it('has twelve keys, each with a name', () => {
    const { element, pressed } = keypad();
    const keys = [...element.querySelectorAll('button')];
    expect(
      keys
        .map((key) => key.getAttribute('aria-label') ?? key.querySelector('span')?.textContent)
        .join(' '),
    ).toBe('1 2 3 4 5 6 7 8 9 star 0 hash');
    keys.forEach((key) => key.click());
    expect(pressed.join('')).toBe('123456789*0#');
  });

  it("takes the keyboard's digits, and nothing else", () => {
    const { pressed } = keypad();
    for (const key of ['5', '#', '*', 'a', 'Enter']) type(key);
    type('7', { ctrlKey: true });
    type('8', { repeat: true });
    expect(pressed).toEqual(['5', '#', '*']);
  });

  it('leaves digits alone that are typed into a field', () => {
    const { pressed } = keypad();
    const field = document.body.appendChild(document.createElement('input'));
    type('5', {}, field);
    field.remove();
    expect(pressed).toEqual([]);
  });

  it('hears no more keys once it is gone', () => {
    const { fixture, pressed } = keypad();
    fixture.destroy();
    type('5');
    expect(pressed).toEqual([]);
  });

  it('shows what was pressed, but does not have it read aloud', () => {
    const { fixture, element } = keypad();
    fixture.componentRef.setInput('digits', '42');
    fixture.detectChanges();
    const digits = element.querySelector('.digits');
    expect(digits?.textContent).toBe('42');
    expect(digits?.getAttribute('aria-hidden')).toBe('true');
  });
});
