/** A length of time as people read clocks: "0:07", "12:30", "1:02:03". */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (part: number) => String(part).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

const CLOCK_SECONDS = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const DAY_SECONDS = new Intl.DateTimeFormat(undefined, {
  dateStyle: 'medium',
  timeStyle: 'medium',
});

/** The time of day of a moment in ms since 1970. */
export function clockTime(ms: number): string {
  return CLOCK.format(ms);
}

/** The same to the second. */
export function clockSeconds(ms: number): string {
  return CLOCK_SECONDS.format(ms);
}

/** Day and time of a moment in ms since 1970. */
export function dayTime(ms: number): string {
  return DAY.format(ms);
}

/** The same to the second. */
export function daySeconds(ms: number): string {
  return DAY_SECONDS.format(ms);
}

/**
 * A phone number in groups, so that it can be read aloud: "+1 555 010 0123".
 *
 * North American numbers by their own grouping, others in threes behind a country code of two digits.
 * What is no number comes back as it is.
 */
export function phoneNumber(number: string): string {
  const digits = number.replace(/[\s().-]/g, '');
  if (!/^\+?\d{5,15}$/.test(digits)) return number;
  if (/^\+1\d{10}$/.test(digits))
    return digits.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, '+1 $1 $2 $3');
  const [, country = '', rest = ''] = /^(\+\d{2})?(\d+)$/.exec(digits) ?? [];
  const groups = rest.match(/\d{3}(?=\d{2,})|\d+/g) ?? [];
  return [country, ...groups].filter(Boolean).join(' ');
}
