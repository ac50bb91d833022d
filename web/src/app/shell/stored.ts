import { Signal, signal } from '@angular/core';

/** A signal that outlives the page. */
export interface Stored<T> extends Signal<T> {
  set(value: T): void;
}

/**
 * A signal kept in `storage` under `key`. `check` makes a good value of whatever stands there, since
 * anybody can write there; a storage that is full or forbidden is no error.
 */
export function stored<T>(
  storage: () => Storage,
  key: string,
  check: (value: unknown) => T,
): Stored<T> {
  const current = signal(check(load(storage, key)));
  const set = (value: T) => {
    current.set(value);
    try {
      if (value === null) storage().removeItem(key);
      else storage().setItem(key, JSON.stringify(value));
    } catch {
      // Private windows may forbid it; the value then lasts as long as the page.
    }
  };
  return Object.assign(current.asReadonly(), { set });
}

function load(storage: () => Storage, key: string): unknown {
  try {
    return JSON.parse(storage().getItem(key) ?? 'null');
  } catch {
    return null;
  }
}
