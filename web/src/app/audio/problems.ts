import { MicrophoneProblem } from './microphone';

/** What is wrong, and what to do about it. */
export interface Advice {
  readonly what: string;
  readonly remedy: string;
}

/** A microphone problem in a sentence, with what to do. */
export function microphoneAdvice(problem: MicrophoneProblem): Advice {
  switch (problem) {
    case 'denied':
      return {
        what: $localize`The browser does not let this page use the microphone.`,
        remedy: $localize`Click the icon left of the address, set Microphone to Allow, and try again.`,
      };
    case 'dismissed':
      return {
        what: $localize`The question for the microphone was closed without an answer.`,
        remedy: $localize`Try again, and choose Allow.`,
      };
    case 'none':
      return {
        what: $localize`There is no microphone on this computer.`,
        remedy: $localize`Plug in a headset, or turn its Bluetooth on, and try again.`,
      };
    case 'busy':
      return {
        what: $localize`Another program is using the microphone, or the system keeps it back.`,
        remedy: $localize`Close other calls and meetings, or choose another microphone, and try again.`,
      };
    case 'insecure':
      return {
        what: $localize`Browsers give the microphone only to pages that came by HTTPS or from this computer.`,
        remedy: $localize`Open this page with an address that begins with https://, or as http://127.0.0.1.`,
      };
    case 'lost':
      return {
        what: $localize`The microphone was unplugged.`,
        remedy: $localize`Plug it in again, or choose another one, and try again.`,
      };
    case 'other':
      return {
        what: $localize`The browser could not open the microphone.`,
        remedy: $localize`Choose another microphone, or restart the browser, and try again.`,
      };
  }
}
