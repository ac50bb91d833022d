import { DestroyRef, Injector } from '@angular/core';
import { TestBed } from '@angular/core/testing';

import { Shortcuts } from './shortcuts';

class Owner extends DestroyRef {
  private readonly callbacks: (() => void)[] = [];
  destroyed = false;

  override onDestroy(callback: () => void): () => void {
    this.callbacks.push(callback);
    return () => undefined;
  }

  destroy(): void {
    this.callbacks.forEach((callback) => callback());
  }
}

function press(key: string, options: KeyboardEventInit = {}, target: Element = document.body) {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...options });
  target.dispatchEvent(event);
  return event;
}

describe('Shortcuts', () => {
  let done: string[];
  let owner: Owner;
  let shortcuts: Shortcuts;

  beforeEach(() => {
    localStorage.clear();
    done = [];
    owner = new Owner();
    shortcuts = TestBed.inject(Injector).get(Shortcuts);
    const key = (name: string, when?: () => boolean) => ({
      key: name,
      label: name,
      group: 'Test',
      run: () => void done.push(name),
      ...(when && { when }),
    });
    shortcuts.use(owner, [key('a'), key('?'), key('x', () => false)]);
  });

  afterEach(() => {
    owner.destroy();
    document.body.replaceChildren();
  });

  it('run in either case, and keep the key from doing anything else', () => {
    expect(press('a').defaultPrevented).toBe(true);
    press('A', { shiftKey: true });
    expect(done).toEqual(['a', 'a']);
  });

  it.each(['<input>', '<textarea></textarea>', '<select></select>', '<p contenteditable></p>'])(
    'do not fire while one types in %s',
    (html) => {
      document.body.innerHTML = html;
      const field = document.body.firstElementChild as HTMLElement;
      expect(press('a', {}, field).defaultPrevented).toBe(false);
      expect(done).toEqual([]);
    },
  );

  it.each([{ ctrlKey: true }, { altKey: true }, { metaKey: true }, { repeat: true }])(
    'leave %o to the browser',
    (options) => {
      press('a', options);
      expect(done).toEqual([]);
    },
  );

  it('pass on what makes no sense now', () => {
    expect(press('x').defaultPrevented).toBe(false);
    expect(done).toEqual([]);
  });

  it('can be turned off, all but the list of them', () => {
    shortcuts.on.set(false);
    press('a');
    press('?');
    expect(done).toEqual(['?']);
  });

  it('are gone with their owner', () => {
    owner.destroy();
    press('a');
    expect(done).toEqual([]);
    expect(shortcuts.list()).toEqual([]);
  });
});
