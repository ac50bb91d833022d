import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import { RouterTestingHarness } from '@angular/router/testing';

import { CALL, changed } from '../wire/vectors';
import { StatusPage } from './status-page';
import { CONFIG, HEALTH, STATUS } from './vectors';

interface Answer {
  readonly status?: number;
  readonly body: unknown;
}

const REFUSED = { error: { code: 'not_found', message: 'Not Found.' } };
const MISSING: Answer = { status: 404, body: REFUSED };

/** A server of which `answers` may be changed; `posted`: what was sent to it. */
function server(answers: Record<string, Answer>) {
  const posted: unknown[] = [];
  vi.stubGlobal('fetch', async (url: string, init?: RequestInit) => {
    if (init?.method === 'POST') posted.push(JSON.parse(String(init.body)));
    const { status = 200, body } = answers[`${init?.method ?? 'GET'} ${url}`] ?? MISSING;
    const headers = { 'Content-Type': 'application/json; charset=utf-8' };
    return new Response(JSON.stringify(body), { status, headers });
  });
  return posted;
}

function complete(): Record<string, Answer> {
  return {
    'GET /readyz': { body: HEALTH },
    'GET /api/calls': { body: [changed(CALL, { state: 'bot', speaker: 'agent', operator: null })] },
    'GET /api/status': { body: STATUS },
    'GET /api/config/call': { body: CONFIG },
    'POST /api/config/call': { body: CONFIG },
  };
}

/** What an element shows, its pieces apart. */
function words(element: Element | null): string {
  const pieces: string[] = [];
  const collect = (node: Node) => {
    if (node.nodeType === Node.TEXT_NODE) pieces.push(...(node.textContent ?? '').split(/\s+/));
    node.childNodes.forEach(collect);
  };
  if (element) collect(element);
  return pieces.filter(Boolean).join(' ');
}

async function open() {
  TestBed.configureTestingModule({
    providers: [provideRouter([{ path: 'status', component: StatusPage }])],
  });
  const harness = await RouterTestingHarness.create('/status');
  const element = harness.routeNativeElement as HTMLElement;
  const section = (id: string) => words(element.querySelector(`[aria-labelledby=${id}]`));
  const until = (check: () => void) =>
    vi.waitFor(() => {
      harness.detectChanges();
      check();
    });
  const shows = (id: string, words: string) => until(() => expect(section(id)).toContain(words));
  const field = (name: string) =>
    element.querySelector<HTMLInputElement>(`[name=${name}]`) as HTMLInputElement;
  const type = (name: string, text: string) => {
    field(name).value = text;
    field(name).dispatchEvent(new Event('input'));
    harness.detectChanges();
  };
  const save = () => {
    element.querySelector('form')?.dispatchEvent(new Event('submit'));
    harness.detectChanges();
  };
  return { element, section, shows, until, field, type, save };
}

describe('StatusPage', () => {
  beforeEach(() => {
    const operator = { id: 'sam', name: 'Sam', roles: [] };
    localStorage.setItem('patchbay.session', JSON.stringify({ token: 't', operator }));
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    localStorage.clear();
  });

  it('shows system, sessions, agents and phones', async () => {
    server(complete());
    const { element, section, shows } = await open();
    await shows('sessions', 'Held by OpenClaw');
    await shows('system', 'Up for 1 day and 2:03:04');
    expect(section('system')).toContain('Voice Not ready Piper is starting again.');
    expect(section('system')).toContain('Nothing was dropped or late');
    expect(section('sessions')).toContain('Session id c1');
    const link = (id: string) => element.querySelector(`[aria-labelledby=${id}] a`);
    expect(link('sessions')?.getAttribute('href')).toBe('/threads/t1');
    expect(link('agents')?.textContent).toBe('Dana Field');
    expect(section('devices')).toContain('Accept the USB debugging prompt on the phone.');
    expect(element.querySelector('[role=alert]')).toBeNull();
  });

  it('shows what is there where the rest is not', async () => {
    const { 'GET /readyz': ready, 'GET /api/calls': calls } = complete();
    server({ 'GET /readyz': ready as Answer, 'GET /api/calls': calls as Answer });
    const { element, section, shows } = await open();
    await shows('config', 'Not available from this server.');
    await shows('agents', 'Not available from this server.');
    expect(section('devices')).toContain('Not available from this server.');
    expect(section('system')).toContain('Ready');
    expect(section('system')).toContain('Version Not available');
    expect(section('sessions')).toContain('Dana Field');
    expect(element.querySelector('[role=alert]')).toBeNull();
  });

  it('says what a server that is not ready misses, and what was dropped', async () => {
    const body = {
      ready: false,
      missing: { stt: 'Speech recognition is loading.' },
      counts: { loopBlocked: 2, unknownEvents: 0 },
    };
    server({ ...complete(), 'GET /readyz': { status: 503, body } });
    const { section, shows } = await open();
    await shows('system', 'stt Speech recognition is loading.');
    expect(section('system')).toContain('Dropped or late since the start: loopBlocked 2');
    expect(section('system')).not.toContain('unknownEvents');
  });

  it('says once that the server does not answer', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    const { element, shows, until } = await open();
    await until(() => expect(element.querySelectorAll('[role=alert]')).toHaveLength(1));
    await shows('system', 'Not known: see above.');
  });

  it('leads to the sign-in, and back, and asks for nothing, where nobody is signed in', async () => {
    localStorage.clear();
    let asked = false;
    vi.stubGlobal('fetch', () => {
      asked = true;
      return Promise.reject(new TypeError('not to be asked'));
    });
    const { element, until } = await open();
    await until(() => expect(element.textContent).toContain('The status is for operators.'));
    expect(element.querySelector('.blank a')?.getAttribute('href')).toBe('/?back=%2Fstatus');
    expect(asked).toBe(false);
  });

  it('tells what failed from what is not there, and keeps what it knows', async () => {
    const error = { code: 'internal', message: 'Something broke.' };
    server({ ...complete(), 'GET /api/status': { status: 500, body: { error } } });
    const { element, section, shows } = await open();
    await shows('agents', 'Not known: see above.');
    await shows('sessions', 'Dana Field');
    expect(section('devices')).toContain('Not known: see above.');
    expect(element.querySelector('[role=alert]')?.textContent).toContain('Something broke.');
  });

  it('saves what was edited and nothing else, and says so', async () => {
    const answers = complete();
    const posted = server(answers);
    const { shows, until, field, type, save } = await open();
    await until(() => expect(field('greeting_owner').value).toBe('the owner'));
    type('greeting_owner', 'Ann');
    await shows('config', 'Not saved yet');
    answers['GET /api/config/call'] = { body: { ...CONFIG, greeting_owner: 'Ann' } };
    save();
    await shows('config', 'Saved at');
    expect(posted).toEqual([{ greeting_owner: 'Ann' }]);
    await until(() => expect(field('greeting_owner').value).toBe('Ann'));
  });

  it('sends nothing that cannot be right, and marks the field', async () => {
    const posted = server(complete());
    const { shows, until, field, type, save } = await open();
    await until(() => expect(field('caller_blocklist').value).toBe('+4912345678'));
    type('caller_blocklist', 'foo');
    save();
    await shows('config', 'foo is no telephone number.');
    await shows('config', 'Nothing is saved yet: see the field that is marked.');
    expect(field('caller_blocklist').getAttribute('aria-invalid')).toBe('true');
    expect(posted).toEqual([]);
  });

  it('keeps what was typed and shows the server’s refusal at its field', async () => {
    const message = "greeting_owner is 'x': it must be a text.";
    const answers = {
      ...complete(),
      'POST /api/config/call': { status: 400, body: { error: { code: 'bad_config', message } } },
    };
    server(answers);
    const { section, shows, until, field, type, save } = await open();
    await until(() => expect(field('greeting_owner').value).toBe('the owner'));
    type('greeting_owner', 'x');
    save();
    await shows('config', message);
    expect(section('config')).toContain('Nothing was saved');
    expect(field('greeting_owner').value).toBe('x');
    type('greeting_owner', 'xy');
    await until(() => expect(section('config')).not.toContain(message));
  });

  it('shows a refusal of another kind beside the button', async () => {
    const error = { code: 'config_not_kept', message: 'It cannot be written: the disk is full.' };
    server({ ...complete(), 'POST /api/config/call': { status: 500, body: { error } } });
    const { shows, until, field, type, save } = await open();
    await until(() => expect(field('greeting_owner').value).toBe('the owner'));
    type('greeting_owner', 'x');
    save();
    await shows('config', 'It cannot be written: the disk is full.');
  });
});
