import { voiceWarning } from './listening';

const quiet = Array<number>(20).fill(-60);
const dead = Array<number>(20).fill(-100);
const loud = Array<number>(20).fill(-20);
const heardNothing = [-96, -96, -96, -96];

describe('voiceWarning', () => {
  it('says nothing of somebody who listens, or who speaks and is heard', () => {
    expect(
      voiceWarning({ state: 'bridged', muted: false, levels: quiet, heard: heardNothing }),
    ).toBeNull();
    expect(
      voiceWarning({ state: 'bridged', muted: false, levels: loud, heard: [-30, -25] }),
    ).toBeNull();
  });

  it.each(['connecting', 'bridged'] as const)('notices a dead microphone while %s', (state) => {
    expect(voiceWarning({ state, muted: false, levels: dead, heard: [] })).toBe('dead');
  });

  it('takes its time to call a microphone dead', () => {
    const short = dead.slice(0, 15);
    expect(voiceWarning({ state: 'bridged', muted: false, levels: short, heard: [] })).toBeNull();
    const word = [...dead.slice(0, 15), -30];
    expect(voiceWarning({ state: 'bridged', muted: false, levels: word, heard: [] })).toBeNull();
  });

  it('takes less time while the caller waits for a first word', () => {
    const short = dead.slice(0, 6);
    expect(voiceWarning({ state: 'connecting', muted: false, levels: short, heard: [] })).toBe(
      'dead',
    );
  });

  it('notices talk into a muted microphone, but not a cough', () => {
    expect(voiceWarning({ state: 'bridged', muted: true, levels: loud, heard: [] })).toBe('muted');
    const cough = [...quiet.slice(1), -10];
    expect(voiceWarning({ state: 'bridged', muted: true, levels: cough, heard: [] })).toBeNull();
    expect(voiceWarning({ state: 'bridged', muted: true, levels: dead, heard: [] })).toBeNull();
  });

  it('notices that speech does not arrive', () => {
    expect(
      voiceWarning({ state: 'bridged', muted: false, levels: loud, heard: heardNothing }),
    ).toBe('unheard');
    const heard = [-96, -96, -96, -30];
    expect(voiceWarning({ state: 'bridged', muted: false, levels: loud, heard })).toBeNull();
  });

  it('leaves people alone who have put the caller on hold', () => {
    for (const muted of [true, false]) {
      expect(
        voiceWarning({ state: 'held', muted, levels: muted ? loud : dead, heard: [] }),
      ).toBeNull();
    }
  });
});
