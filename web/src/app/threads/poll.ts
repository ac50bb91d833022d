import { DestroyRef } from '@angular/core';

/**
 * Returns a function that runs `task` now and from then on: every `ms` while the page can be seen, and
 * when it is looked at again.
 *
 * Never two at once; what is asked for meanwhile runs afterwards.
 */
export function poll(destroy: DestroyRef, ms: number, task: () => Promise<void>): () => void {
  let running = false;
  let wanted = false;
  let over = false;
  let begun = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const run = async (): Promise<void> => {
    if (running) {
      wanted = true;
      return;
    }
    clearTimeout(timer);
    begun = true;
    running = true;
    try {
      do {
        wanted = false;
        await task();
      } while (wanted && !over);
    } finally {
      running = false;
      if (!over) timer = setTimeout(() => !document.hidden && void run(), ms);
    }
  };
  const looked = () => {
    if (begun && !document.hidden) void run();
  };
  document.addEventListener('visibilitychange', looked);
  destroy.onDestroy(() => {
    over = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', looked);
  });
  return () => void run();
}
