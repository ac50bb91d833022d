import { TestBed } from '@angular/core/testing';
import { provideRouter, withComponentInputBinding } from '@angular/router';
import { RouterTestingHarness } from '@angular/router/testing';

import { CALL } from '../wire/vectors';
import { ThreadsPage } from './threads-page';

const THREAD = {
  threadId: 't1',
  crmId: 'crm1',
  channelId: 'ch1',
  number: '+15550100123',
  name: 'Dana Field',
  lastAt: '2026-11-21T21:15:00.123Z',
  messageCount: 12,
};

/** What a server would answer, by the beginning of the address; what was asked for. */
function server(answers: Record<string, { status?: number; body: unknown }>): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (url: string) => {
    asked.push(url);
    const found = Object.entries(answers).find(([path]) => url.startsWith(path));
    return new Response(JSON.stringify(found?.[1].body), { status: found?.[1].status ?? 200 });
  });
  return asked;
}

async function open(url = '/threads') {
  TestBed.configureTestingModule({
    providers: [
      provideRouter([{ path: 'threads', component: ThreadsPage }], withComponentInputBinding()),
    ],
  });
  const harness = await RouterTestingHarness.create(url);
  const element = harness.routeNativeElement as HTMLElement;
  const text = () => (element.textContent ?? '').replace(/\s+/g, ' ');
  const shows = (words: string) =>
    vi.waitFor(() => {
      harness.detectChanges();
      expect(text()).toContain(words);
    });
  return { element, text, shows };
}

describe('ThreadsPage', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('lists who called, how much was said, and where a live call is', async () => {
    const other = { ...THREAD, threadId: 't2', name: null, messageCount: 1 };
    server({ '/api/threads': { body: [THREAD, other] }, '/api/calls': { body: [CALL] } });
    const { element, shows } = await open();
    await shows('12 messages');
    const lines = [...element.querySelectorAll('li a')];
    expect(lines.map((line) => line.getAttribute('href'))).toEqual(['/threads/t1', '/threads/t2']);
    expect(lines[0]?.textContent).toMatch(/Dana Field.*\+1 555 010 0123.*Live.*with Sam/s);
    expect(lines[1]?.querySelector('.name')?.textContent).toBe('+1 555 010 0123');
    expect(lines[1]?.textContent).not.toContain('Live');
  });

  it('searches for what stands in the address', async () => {
    const asked = server({
      '/api/threads/search': { status: 404, body: { error: { code: 'not_found', message: '-' } } },
      '/api/threads': { body: [] },
      '/api/calls': { body: [] },
    });
    const { shows } = await open('/threads?q=d%C3%BCrer%20%26%20co');
    await shows('No thread has "dürer & co"');
    expect(asked).toContain('/api/threads?limit=50&q=d%C3%BCrer%20%26%20co');
  });

  it('finds what was said, marks it, and leads to the message', async () => {
    const asked = server({
      '/api/threads/search': {
        body: {
          results: [
            {
              threadId: 't 9',
              seq: 12,
              startedAt: '2026-11-21T21:15:00.123Z',
              speaker: 'caller',
              name: 'Dana Field',
              snippet: [
                { text: 'forty ', match: false },
                { text: '<muffins>', match: true },
                { text: ' please', match: false },
              ],
            },
            {
              threadId: 't 9',
              seq: 11,
              startedAt: '2026-11-21T21:14:58.123Z',
              speaker: 'bot',
              name: null,
              caller: { number: '+15555550142', name: null },
              snippet: [{ text: 'Muffins?', match: true }],
            },
          ],
        },
      },
      '/api/threads': { body: [] },
      '/api/calls': { body: [] },
    });
    const { element, shows } = await open('/threads?q=muffins');
    await shows('forty <muffins> please');
    expect(asked).toContain('/api/threads/search?limit=50&q=muffins');
    expect([...element.querySelectorAll('mark')].map((mark) => mark.textContent)).toEqual([
      '<muffins>',
      'Muffins?',
    ]);
    const lines = [...element.querySelectorAll('.said li')].map((each) => each.textContent);
    expect(lines[0]).toContain('Dana Field');
    expect(lines[1]).toMatch(/\+1 555 555 0142\s*Bot:/);
    expect(element.querySelector('.snippet')?.textContent).toBe('forty <muffins> please');
    const link = element.querySelector('.said a');
    expect(link?.getAttribute('href')).toBe('/threads/t%209#seq-12');
    expect(element.textContent).not.toContain('No thread has');
  });

  it('says that nothing of that kind was ever said', async () => {
    server({
      '/api/threads/search': { body: { results: [] } },
      '/api/threads': { body: [] },
      '/api/calls': { body: [] },
    });
    const { shows } = await open('/threads?q=muffins');
    await shows('"muffins" is nobody\'s name or number, and was never said.');
  });

  it('leads to the phone where there are no threads', async () => {
    server({ '/api/threads': { body: [] }, '/api/calls': { body: [] } });
    const { element, shows } = await open();
    await shows('There are no conversations yet.');
    expect(element.querySelector('.blank a')?.getAttribute('href')).toBe('/phone');
  });

  it('leads to the sign-in, and back, where one may not look', async () => {
    const body = { error: { code: 'unauthorized', message: 'This needs a bearer token.' } };
    server({ '/api': { status: 401, body } });
    const { element, shows } = await open();
    await shows('Threads are for operators.');
    expect(element.querySelector('.blank a')?.getAttribute('href')).toBe('/?back=%2Fthreads');
  });

  it('says that the server does not answer, and that it goes on asking', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    const { shows } = await open();
    await shows('The server does not answer.');
    await shows('It is asked again every few seconds.');
  });
});
