import { PeerStats } from '../../audio/peer';
import { Quality } from '../../wire/views';

export type Grade = 'good' | 'fair' | 'poor' | 'unknown';

export interface Verdict {
  readonly grade: Grade;
  readonly word: string;
}

/** Seconds that a verdict looks back, so that it does not flicker. */
const LOOK_BACK = 5;

/**
 * What the connection sounds like, in a word.
 *
 * `up`: the server's figures of what we send, oldest first. `down`: the browser's of what it receives.
 */
export function judge(up: readonly Quality[], down: PeerStats | null): Verdict {
  const recent = up.slice(-LOOK_BACK);
  if (recent.length === 0 && !down) return { grade: 'unknown', word: $localize`not measured yet` };
  const loss = Math.max(mean(recent.map((each) => each.lossPct)), down?.lossPct ?? 0);
  const jitter = Math.max(mean(recent.map((each) => each.jitterMs)), down?.jitterMs ?? 0);
  const trips = recent.flatMap((each) => each.rttMs ?? []);
  const rtt = Math.max(mean(trips), down?.rttMs ?? 0);
  const percent = Math.round(loss);
  const late = Math.round(jitter);
  const trip = (rtt / 1000).toFixed(1);
  if (loss >= 5) {
    return { grade: 'poor', word: $localize`choppy: your connection loses ${percent} %` };
  }
  if (rtt >= 400) {
    return { grade: 'poor', word: $localize`slow: ${trip} s there and back, so leave pauses` };
  }
  if (jitter >= 60) {
    return { grade: 'poor', word: $localize`uneven: sound comes up to ${late} ms late` };
  }
  if (loss >= 1.5) {
    return { grade: 'fair', word: $localize`now and then choppy: ${percent} % is lost` };
  }
  if (rtt >= 250) {
    return { grade: 'fair', word: $localize`a little slow: ${trip} s there and back` };
  }
  if (jitter >= 30) {
    return { grade: 'fair', word: $localize`a little uneven: up to ${late} ms late` };
  }
  return { grade: 'good', word: $localize`good` };
}

function mean(values: readonly number[]): number {
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : 0;
}
