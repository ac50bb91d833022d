import { DestroyRef } from '@angular/core';

/** Calls `run` when the computer is on another network, or on one again, until `destroy`. */
export function onNetworkChange(destroy: DestroyRef, run: () => void): void {
  const connection = (navigator as { connection?: EventTarget }).connection;
  addEventListener('online', run);
  connection?.addEventListener('change', run);
  destroy.onDestroy(() => {
    removeEventListener('online', run);
    connection?.removeEventListener('change', run);
  });
}
