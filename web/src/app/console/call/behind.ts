import { Quality } from '../../wire/views';

const SHOWN_FROM_S = 3;
/** Once it is shown it stays until it is clearly over, so that it does not come and go. */
const SHOWN_TO_S = 2;
/** Above this, only every fifth second is named: nobody needs to see each of them. */
const COARSE_FROM_S = 10;

/** How many seconds the transcript is behind, in steps that can be read; null where it keeps up. */
export function behind(quality: readonly Quality[]): number | null {
  let shown = false;
  for (const { transcriptBehindS } of quality) {
    shown = transcriptBehindS >= (shown ? SHOWN_TO_S : SHOWN_FROM_S);
  }
  const seconds = quality.at(-1)?.transcriptBehindS ?? 0;
  if (!shown) return null;
  return seconds < COARSE_FROM_S ? Math.round(seconds) : Math.round(seconds / 5) * 5;
}
