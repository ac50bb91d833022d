import { Injectable, computed, signal } from '@angular/core';

import { stored } from '../shell/stored';

type Routable = HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> };

/** Plays the other side, on the device chosen. */
@Injectable({ providedIn: 'root' })
export class Speaker {
  private readonly element: Routable = new Audio();
  private readonly stopped = signal(false);

  /** True where the browser wants a click before it plays anything. */
  readonly blocked = this.stopped.asReadonly();
  /** Whether this browser can choose where sound goes. */
  readonly selectable = typeof this.element.setSinkId === 'function';
  /** The device wanted; null is the system's. */
  readonly chosen = stored(
    () => localStorage,
    'patchbay.speaker',
    (value) => (typeof value === 'string' ? value : null),
  );
  readonly sink = computed(() => this.chosen() ?? '');

  constructor() {
    this.element.autoplay = true;
    void this.route();
  }

  /** Play `stream` from now on; null is silence. */
  async play(stream: MediaStream | null): Promise<void> {
    if (this.element.srcObject !== stream) this.element.srcObject = stream;
    if (!stream) {
      this.stopped.set(false);
      return;
    }
    try {
      await this.element.play();
      this.stopped.set(false);
    } catch (error) {
      // A newer stream took its place, which is no refusal.
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.stopped.set(true);
    }
  }

  /** Play a recording to its end, beside the other side. */
  async playClip(clip: Blob): Promise<void> {
    const player: Routable = new Audio(URL.createObjectURL(clip));
    try {
      await player.setSinkId?.(this.sink());
      await player.play();
      await new Promise((resolve) => (player.onended = player.onerror = resolve));
    } finally {
      URL.revokeObjectURL(player.src);
    }
  }

  /** Try again, in a click. */
  async unblock(): Promise<void> {
    await this.play(this.element.srcObject as MediaStream | null);
  }

  /** Use another device; null is the system's. */
  async choose(id: string | null): Promise<void> {
    this.chosen.set(id);
    await this.route();
  }

  private async route(): Promise<void> {
    try {
      await this.element.setSinkId?.(this.sink());
    } catch {
      // It is not plugged in: the system's default goes on playing.
      this.chosen.set(null);
    }
  }
}
