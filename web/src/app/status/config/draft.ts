import { Field, GROUPS, Held, Key, held, sent, wrong } from './fields';
import { CallConfig } from './values';

/** What somebody has typed and not saved yet, by key. */
export type Draft = Readonly<Partial<Record<Key, Held>>>;

const FIELDS: readonly Field[] = GROUPS.flatMap((group) => group.fields);

/** What `field` shows: what was typed, else what the server has. */
export function shown(field: Field, config: CallConfig, draft: Draft): Held {
  return draft[field.key] ?? held(field, config) ?? '';
}

/** The fields in which something else stands than the server has. */
export function edited(config: CallConfig, draft: Draft): readonly Field[] {
  return FIELDS.filter((field) => {
    const typed = draft[field.key];
    return typed !== undefined && typed !== held(field, config) && applies(field, config, draft);
  });
}

/** A passphrase that callers are not asked for is none. */
export function applies(field: Field, config: CallConfig, draft: Draft): boolean {
  return field.key !== 'auth_passphrase' || (draft.auth_required ?? config.auth_required) === true;
}

/** What cannot be saved like this, by key, as sentences. */
export function problems(config: CallConfig, draft: Draft): ReadonlyMap<Key, string> {
  const found = new Map<Key, string>();
  for (const field of edited(config, draft)) {
    const problem = wrong(field, draft[field.key] ?? '');
    if (problem !== null) found.set(field.key, problem);
  }
  const wanted = draft.auth_required === true && !config.auth_required;
  if (wanted && !String(draft.auth_passphrase ?? '').trim()) {
    found.set('auth_passphrase', $localize`Type the passphrase that callers are to say.`);
  }
  return found;
}

/** What is sent to save `draft`. There is a passphrase, or there is none: the switch is no key. */
export function changes(config: CallConfig, draft: Draft): Readonly<Record<string, unknown>> {
  const body: Record<string, unknown> = {};
  for (const field of edited(config, draft)) {
    if (field.key !== 'auth_required') body[field.key] = sent(field, draft[field.key] ?? '');
    else if (draft.auth_required === false) body['auth_passphrase'] = '';
  }
  return body;
}

/** The field that a refusal is about: its message begins with the key; null where it is another matter. */
export function refusedKey(message: string): Key | null {
  const [, word] = /^\W*(\w+)/.exec(message) ?? [];
  const plain = word?.replace(/^call_(?=auto_)/, '').replace(/^(greeting_\w+)_template$/, '$1');
  return FIELDS.find((field) => field.key === plain)?.key ?? null;
}
