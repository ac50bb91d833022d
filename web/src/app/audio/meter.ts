import { Injectable, inject } from '@angular/core';

import { Sound } from './sound';

/** Digital silence, in dBFS. */
export const SILENCE_DB = -100;

/** Measures how loud a stream is. */
export interface Meter {
  /** Loudness of the last 40 ms or so in dBFS, from -100 (digital silence) to 0. */
  level(): number;
  /** The loudest moment of the last 0.7 s or so, in dBFS: nothing between two looks is missed. */
  loudest(): number;
  close(): void;
}

/** Makes meters. */
@Injectable({ providedIn: 'root' })
export class Meters {
  private readonly sound = inject(Sound);

  /** A meter of `stream`'s audio; null where it has none. A remote stream must also be played by an element. */
  of(stream: MediaStream): Meter | null {
    if (stream.getAudioTracks().length === 0) return null;
    const { context } = this.sound;
    const source = context.createMediaStreamSource(stream);
    const analyser = context.createAnalyser();
    analyser.fftSize = 2048;
    const memory = context.createAnalyser();
    memory.fftSize = 32_768;
    source.connect(analyser);
    source.connect(memory);
    const samples = new Float32Array(analyser.fftSize);
    const remembered = new Float32Array(memory.fftSize);
    return {
      level: () => {
        analyser.getFloatTimeDomainData(samples);
        return decibels(samples);
      },
      loudest: () => {
        memory.getFloatTimeDomainData(remembered);
        return loudest(remembered, analyser.fftSize);
      },
      close: () => source.disconnect(),
    };
  }
}

/** Root mean square of samples between -1 and 1, in dBFS, not below SILENCE_DB. */
export function decibels(samples: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += (samples[i] ?? 0) ** 2;
  const rms = Math.sqrt(sum / Math.max(1, samples.length));
  return Math.max(SILENCE_DB, Math.min(0, 20 * Math.log10(rms || 1e-9)));
}

/** The loudest of the pieces of `size` samples, in dBFS. */
export function loudest(samples: Float32Array, size: number): number {
  let most = SILENCE_DB;
  for (let at = 0; at < samples.length; at += size) {
    most = Math.max(most, decibels(samples.subarray(at, at + size)));
  }
  return most;
}

/** Where `db` stands between a whisper (0) and as loud as it gets (1). */
export function meterShare(db: number): number {
  return Math.max(0, Math.min(1, (db + 60) / 54));
}
