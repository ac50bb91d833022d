import { Reader, flag, listOf, nullable, number, object, record, text } from '../../wire/read';

/** `GET /api/config/call` in that surface's own spelling; null is what a server does not have. */
export interface CallConfig {
  readonly auto_answer: boolean | null;
  readonly auto_answer_delay_ms: number | null;
  readonly caller_allowlist: readonly string[] | null;
  readonly caller_blocklist: readonly string[] | null;
  readonly unknown_callers_allowed: boolean | null;
  readonly greeting_owner: string | null;
  readonly greeting_incoming: string | null;
  readonly greeting_outgoing: string | null;
  readonly max_duration_sec: number | null;
  readonly max_duration_message: string | null;
  /** Whether callers are asked for a passphrase. The passphrase itself is never told. */
  readonly auth_required: boolean | null;
  readonly auth_max_attempts: number | null;
  readonly auth_reject_message: string | null;
  readonly keep_history: boolean | null;
}

const config: Reader<CallConfig> = record<CallConfig>({
  auto_answer: nullable(flag),
  auto_answer_delay_ms: nullable(number),
  caller_allowlist: nullable(listOf(text)),
  caller_blocklist: nullable(listOf(text)),
  unknown_callers_allowed: nullable(flag),
  greeting_owner: nullable(text),
  greeting_incoming: nullable(text),
  greeting_outgoing: nullable(text),
  max_duration_sec: nullable(number),
  max_duration_message: nullable(text),
  auth_required: nullable(flag),
  auth_max_attempts: nullable(number),
  auth_reject_message: nullable(text),
  keep_history: nullable(flag),
});

const GREETINGS = ['greeting_incoming', 'greeting_outgoing'] as const;

/** Greetings come as they are spoken, with their templates beside them: what is edited is the template. */
export function parseConfig(value: unknown): CallConfig {
  const given = { ...object(value, 'config') };
  for (const name of GREETINGS) given[name] = given[`${name}_template`] ?? given[name];
  return config(given, 'config');
}
