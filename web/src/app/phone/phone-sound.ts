import { Injectable, computed, effect, inject, signal, untracked } from '@angular/core';

import { Microphone } from '../audio/microphone';
import { Speaker } from '../audio/speaker';
import { CallAudio } from './call-audio';

/** What is heard and said in the one call of a page: microphone, connection and loudspeaker. */
@Injectable()
export class PhoneSound {
  private readonly microphone = inject(Microphone);
  private readonly speaker = inject(Speaker);
  private readonly current = signal<CallAudio | null>(null);

  /** The sound of the call that is on; null between calls. */
  readonly audio = this.current.asReadonly();
  readonly remote = computed(() => this.audio()?.remote() ?? null);

  constructor() {
    effect(() => {
      // Another microphone is sent at once.
      const stream = this.microphone.stream();
      if (stream) untracked(() => this.audio()?.replace(stream));
    });
    effect(() => {
      const remote = this.remote();
      untracked(() => void this.speaker.play(remote));
    });
  }

  /** The sound of a new call. `onLost`: its connection is gone, and it is still the call that is on. */
  begin(onLost: () => void): CallAudio {
    const audio: CallAudio = new CallAudio(() => {
      if (audio === this.audio()) onLost();
    });
    this.current.set(audio);
    return audio;
  }

  /** No call, no microphone. */
  end(): void {
    this.audio()?.close();
    this.current.set(null);
    this.microphone.close();
  }

  /** Nothing is played any more, not even what is on its way. */
  leave(): void {
    void this.speaker.play(null);
  }
}
