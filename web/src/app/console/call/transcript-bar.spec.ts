import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';

import { parseCallView } from '../../wire/parse';
import { CALL, changed } from '../../wire/vectors';
import { TranscriptBar } from './transcript-bar';

async function bar(change: Record<string, unknown>): Promise<HTMLElement> {
  TestBed.configureTestingModule({ providers: [provideRouter([])] });
  const fixture = TestBed.createComponent(TranscriptBar);
  fixture.componentRef.setInput('call', parseCallView(changed(CALL, change)));
  await fixture.whenStable();
  return fixture.nativeElement as HTMLElement;
}

describe('TranscriptBar', () => {
  it('says clearly, and to screen readers, that nothing is written down', async () => {
    const status = (await bar({ transcript: 'paused' })).querySelector('[role="status"]');
    expect(status?.textContent).toContain('Transcript paused');
    expect(status?.textContent).toContain('You and the caller hear each other as before.');
  });

  it('says nothing of it while all is written, and once the call is over', async () => {
    const status = (await bar({})).querySelector('[role="status"]');
    expect(status?.textContent.trim()).toBe('');
    TestBed.resetTestingModule();
    const over = await bar({ transcript: 'paused', state: 'ended' });
    expect(over.textContent).not.toContain('paused');
  });

  it('has a switch for whoever has the call, and for nobody else', async () => {
    expect((await bar({ transcript: 'paused' })).querySelector('button')).toBeNull();
  });
});
