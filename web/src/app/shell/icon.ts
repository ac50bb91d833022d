import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';

/** Drawn for this page on a grid of 24: strokes only, in the colour of the text. */
const PATHS = {
  accept:
    'M5 4h4l2 5-2.5 1.5a11 11 0 0 0 5 5L15 13l5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 3 6a2 2 0 0 1 2-2z',
  hangup:
    'M3 15v-2c5-5 13-5 18 0v2a1 1 0 0 1-1.2 1l-3.3-.7a1 1 0 0 1-.8-1V12a12 12 0 0 0-7.4 0v2.3a1 1 0 0 1-.8 1L4.2 16A1 1 0 0 1 3 15z',
  mic: 'M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21M8.5 21h7',
  'mic-off':
    'M9 9v2a3 3 0 0 0 5 2.2M15 10V6a3 3 0 0 0-5.7-1.3M5.5 11a6.5 6.5 0 0 0 10.6 5M18.4 12l.1-1M12 17.5V21M8.5 21h7M4 3l16 18',
  speaker: 'M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11',
  hold: 'M8 5v14M16 5v14',
  resume: 'M7 5v14l11-7z',
  bot: 'M6 9h12a1.5 1.5 0 0 1 1.5 1.5v7A1.5 1.5 0 0 1 18 19H6a1.5 1.5 0 0 1-1.5-1.5v-7A1.5 1.5 0 0 1 6 9zM12 9V5M12 4.5v.1M9 13v1.5M15 13v1.5',
  caller: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20c.8-3.8 3.8-5.5 7.5-5.5s6.7 1.7 7.5 5.5',
  human:
    'M4 14v-2a8 8 0 0 1 16 0v2M4 14a1.5 1.5 0 0 1 3 0v3a1.5 1.5 0 0 1-3 0zM17 14a1.5 1.5 0 0 1 3 0v3a1.5 1.5 0 0 1-3 0zM18.5 18.5c0 1.5-2 2.5-4.5 2.5',
  agent: 'M4 5h16v14H4zM8 10l2.5 2.5L8 15M13 15h3.5',
  system: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 11v5M12 8v.1',
  keypad: 'M6 5v.1M12 5v.1M18 5v.1M6 10v.1M12 10v.1M18 10v.1M6 15v.1M12 15v.1M18 15v.1M12 20v.1',
  close: 'M6 6l12 12M18 6L6 18',
  check: 'M5 12.5l4.5 4.5L19 7',
  warning: 'M12 4l9 16H3zM12 10v4.5M12 17.2v.1',
  clock: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4.5l3 2',
  copy: 'M9 9h10v11H9zM15 9V4H5v11h4',
  down: 'M12 5v14M6 13l6 6 6-6',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6L7 7M17 17l1.4 1.4M18.4 5.6L17 7M7 17l-1.4 1.4',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z',
  contrast: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 4v16M14.5 4.8v14.4M17 6.3v11.4',
  help: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM9.8 9.8a2.3 2.3 0 1 1 3.2 2.3c-.7.3-1 .8-1 1.6M12 16.2v.1',
  settings: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4M15 7h.1M9 17h.1',
  signout: 'M10 4H5v16h5M14 8l4 4-4 4M18 12H9',
  bell: 'M6 16v-5a6 6 0 0 1 12 0v5l1.5 2h-15zM10 20.5h4',
  'bell-off':
    'M6 16v-5a6 6 0 0 1 .7-2.8M9.5 5.5A6 6 0 0 1 18 11v3M16 18H4.5L6 16M10 20.5h4M4 3l16 18',
  trash: 'M5 7h14M9.5 7V4.5h5V7M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5',
  save: 'M12 4v11M8 11l4 4 4-4M5 20h14',
  open: 'M13 5h6v6M19 5l-8 8M17 14v5H5V7h5',
  send: 'M4 12l16-7-5 15-3.5-6.5zM11.5 13.5L20 5',
  more: 'M6 12v.1M12 12v.1M18 12v.1',
  search: 'M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15.5 15.5L20 20',
  back: 'M19 12H5M11 6l-6 6 6 6',
  share: 'M12 15V4M8 8l4-4 4 4M6 12v8h12v-8',
} as const;

export type IconName = keyof typeof PATHS;

/** A line drawing beside a word that says the same; hidden from screen readers. `--size` sets its size. */
@Component({
  selector: 'pb-icon',
  template: `<svg viewBox="0 0 24 24"><path [attr.d]="path()" /></svg>`,
  host: { 'aria-hidden': 'true' },
  styles: `
    :host {
      display: inline-flex;
      flex: none;
      width: var(--size, 20px);
      height: var(--size, 20px);
    }
    svg {
      width: 100%;
      height: 100%;
      fill: none;
      stroke: currentColor;
      stroke-width: 1.8;
      stroke-linecap: round;
      stroke-linejoin: round;
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class Icon {
  readonly name = input.required<IconName>();
  protected readonly path = computed(() => PATHS[this.name()]);
}
