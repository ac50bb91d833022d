import { DestroyRef } from '@angular/core';
import { TestBed } from '@angular/core/testing';

import { poll } from './poll';

describe('poll', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  function counting(): { run: () => void; count: () => number } {
    let count = 0;
    const task = async () => {
      count += 1;
    };
    return { run: poll(TestBed.inject(DestroyRef), 1000, task), count: () => count };
  }

  it('does nothing until it is asked, and then goes on by itself', async () => {
    const { run, count } = counting();
    await vi.advanceTimersByTimeAsync(5000);
    expect(count()).toBe(0);
    run();
    await vi.advanceTimersByTimeAsync(2500);
    expect(count()).toBe(3);
  });

  it('never runs twice at once, and makes up for what was asked meanwhile', async () => {
    const done: (() => void)[] = [];
    const task = () => new Promise<void>((resolve) => done.push(resolve));
    const run = poll(TestBed.inject(DestroyRef), 1000, task);
    run();
    run();
    run();
    expect(done).toHaveLength(1);
    done[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(done).toHaveLength(2);
  });

  it('stops when its owner is gone', async () => {
    const { run, count } = counting();
    run();
    await vi.advanceTimersByTimeAsync(0);
    TestBed.resetTestingModule();
    await vi.advanceTimersByTimeAsync(5000);
    expect(count()).toBe(1);
  });
});
