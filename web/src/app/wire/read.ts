/** What came over the wire is not what the contract says. `path` names the place. */
export class WireError extends Error {
  constructor(
    readonly path: string,
    readonly expected: string,
  ) {
    super(`${path} is not ${expected}`);
    this.name = 'WireError';
  }
}

/** Makes a value of type T of anything, or throws WireError with the path. */
export type Reader<T> = (value: unknown, path: string) => T;

export const text: Reader<string> = (value, path) => {
  if (typeof value !== 'string') throw new WireError(path, 'a text');
  return value;
};

export const flag: Reader<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw new WireError(path, 'true or false');
  return value;
};

export const number: Reader<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new WireError(path, 'a number');
  return value;
};

/** A moment in ISO 8601, as milliseconds since 1970. */
export const moment: Reader<number> = (value, path) => {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) throw new WireError(path, 'a time');
  return ms;
};

export function oneOf<const T extends string>(...allowed: T[]): Reader<T> {
  return (value, path) => {
    if (!allowed.includes(value as T)) throw new WireError(path, `one of ${allowed.join(', ')}`);
    return value as T;
  };
}

/** Null and undefined become null. */
export function nullable<T>(reader: Reader<T>): Reader<T | null> {
  return (value, path) => (value === null || value === undefined ? null : reader(value, path));
}

/** A missing value becomes `otherwise`; one of the wrong type still throws. */
export function withDefault<T>(reader: Reader<T>, otherwise: T): Reader<T> {
  return (value, path) => (value === null || value === undefined ? otherwise : reader(value, path));
}

export function listOf<T>(reader: Reader<T>): Reader<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw new WireError(path, 'a list');
    return value.map((entry, index) => reader(entry, `${path}[${index}]`));
  };
}

/** An object with exactly the fields named; others are ignored. */
export function record<T extends object>(fields: { [K in keyof T]: Reader<T[K]> }): Reader<T> {
  return (value, path) => {
    const given = object(value, path);
    const read = {} as T;
    for (const key of Object.keys(fields) as (keyof T & string)[]) {
      read[key] = fields[key](given[key], `${path}.${key}`);
    }
    return read;
  };
}

/** Any object, its fields unread. */
export const object: Reader<Readonly<Record<string, unknown>>> = (value, path) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new WireError(path, 'an object');
  }
  return value as Record<string, unknown>;
};
