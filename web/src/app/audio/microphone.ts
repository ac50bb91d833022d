import { DestroyRef, Injectable, computed, inject, signal } from '@angular/core';

import { stored } from '../shell/stored';
import { Meter, Meters } from './meter';

/** Why there is no microphone. `lost`: there was one, and it was unplugged. */
export type MicrophoneProblem =
  'denied' | 'dismissed' | 'none' | 'busy' | 'insecure' | 'lost' | 'other';

export interface Device {
  readonly id: string;
  readonly label: string;
}

/**
 * The microphone: asked for, chosen, measured, and muted without being closed.
 *
 * `stream` is what goes out; muting silences it but not the meter, so that a muted speaker can be told.
 */
@Injectable({ providedIn: 'root' })
export class Microphone {
  private readonly meters = inject(Meters);
  private readonly source = signal<MediaStream | null>(null);
  private readonly out = signal<MediaStream | null>(null);
  private readonly gauge = signal<Meter | null>(null);
  private readonly trouble = signal<MicrophoneProblem | null>(null);
  private readonly asking = signal(false);
  private readonly silenced = signal(false);
  private readonly found = signal<readonly MediaDeviceInfo[]>([]);
  private opening: Promise<MediaStream | null> | null = null;

  readonly stream = this.out.asReadonly();
  /** What comes in, muted or not. */
  readonly raw = this.source.asReadonly();
  readonly meter = this.gauge.asReadonly();
  readonly problem = this.trouble.asReadonly();
  /** True while the browser asks for the permission. */
  readonly pending = this.asking.asReadonly();
  readonly muted = this.silenced.asReadonly();
  readonly inputs = computed(() => devices(this.found(), 'audioinput'));
  readonly outputs = computed(() => devices(this.found(), 'audiooutput'));
  /** The device wanted; null is the system's. */
  readonly chosen = stored(
    () => localStorage,
    'patchbay.microphone',
    (value) => (typeof value === 'string' ? value : null),
  );
  readonly label = computed(() => this.raw()?.getAudioTracks()[0]?.label ?? '');

  constructor() {
    const media = secureMedia();
    if (!media) return;
    const refresh = () => void this.refresh();
    media.addEventListener('devicechange', refresh);
    inject(DestroyRef).onDestroy(() => media.removeEventListener('devicechange', refresh));
  }

  /** True where the browser would give the microphone without asking. */
  async permitted(): Promise<boolean> {
    try {
      const status = await navigator.permissions.query({ name: 'microphone' as PermissionName });
      return status.state === 'granted';
    } catch {
      return false;
    }
  }

  /** Open it, unless it is open; resolves with what goes out, or null with `problem` set. */
  async open(): Promise<MediaStream | null> {
    const open = this.out();
    if (open) return open;
    this.opening ??= this.ask().finally(() => (this.opening = null));
    return this.opening;
  }

  /** Use another device from now on; null is the system's. Opens it if one was open. */
  async choose(id: string | null): Promise<MediaStream | null> {
    this.chosen.set(id);
    if (!this.out()) return null;
    this.close();
    return this.open();
  }

  mute(on: boolean): void {
    this.silenced.set(on);
    for (const track of this.out()?.getAudioTracks() ?? []) track.enabled = !on;
  }

  close(): void {
    this.gauge()?.close();
    this.gauge.set(null);
    for (const stream of [this.raw(), this.out()])
      stream?.getTracks().forEach((track) => track.stop());
    this.source.set(null);
    this.out.set(null);
  }

  private async ask(): Promise<MediaStream | null> {
    const media = secureMedia();
    if (!media) {
      this.trouble.set('insecure');
      return null;
    }
    this.asking.set(true);
    try {
      const raw = await this.capture(media);
      raw.getAudioTracks()[0]?.addEventListener('ended', () => this.ended(raw));
      const out = new MediaStream(raw.getAudioTracks().map((track) => track.clone()));
      for (const track of out.getAudioTracks()) track.enabled = !this.silenced();
      this.gauge.set(this.meters.of(raw));
      this.source.set(raw);
      this.out.set(out);
      this.trouble.set(null);
      await this.refresh();
      return out;
    } catch (error) {
      this.trouble.set(await this.why(error));
      return null;
    } finally {
      this.asking.set(false);
    }
  }

  private async capture(media: MediaDevices): Promise<MediaStream> {
    const wanted = this.chosen();
    const audio = {
      echoCancellation: true,
      noiseSuppression: true,
      autoGainControl: true,
      channelCount: 1,
    };
    if (wanted !== null) {
      try {
        return await media.getUserMedia({ audio: { ...audio, deviceId: { exact: wanted } } });
      } catch (error) {
        // It is not plugged in today: the system's will do.
        if (!(error instanceof DOMException && error.name === 'OverconstrainedError')) throw error;
      }
    }
    return media.getUserMedia({ audio });
  }

  private async why(error: unknown): Promise<MicrophoneProblem> {
    const name = error instanceof DOMException ? error.name : '';
    if (name === 'NotFoundError') return 'none';
    if (name === 'NotReadableError' || name === 'AbortError') return 'busy';
    if (name !== 'NotAllowedError' && name !== 'SecurityError') return 'other';
    try {
      const status = await navigator.permissions.query({ name: 'microphone' as PermissionName });
      return status.state === 'denied' ? 'denied' : 'dismissed';
    } catch {
      return 'denied';
    }
  }

  private ended(raw: MediaStream): void {
    if (raw !== this.raw()) return;
    this.close();
    this.trouble.set('lost');
  }

  private async refresh(): Promise<void> {
    this.found.set((await secureMedia()?.enumerateDevices()) ?? []);
  }
}

/** Undefined where the page was not loaded by HTTPS or from this computer. */
function secureMedia(): MediaDevices | undefined {
  return (navigator as Partial<Navigator>).mediaDevices;
}

function devices(list: readonly MediaDeviceInfo[], kind: MediaDeviceKind): readonly Device[] {
  return list
    .filter(
      (device) => device.kind === kind && device.deviceId !== '' && device.deviceId !== 'default',
    )
    .map((device) => ({ id: device.deviceId, label: device.label || $localize`Unnamed device` }));
}
