import { Component } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { Router, provideRouter, withComponentInputBinding } from '@angular/router';
import { RouterTestingHarness } from '@angular/router/testing';

import { WELCOME } from '../wire/vectors';
import { signedIn } from './guard';
import { Session } from './session';
import { SignIn } from './sign-in';

@Component({ template: 'inside' })
class Inside {}

const ROUTES = [
  { path: '', pathMatch: 'full' as const, canMatch: [signedIn], component: Inside },
  { path: '', pathMatch: 'full' as const, component: SignIn },
  { path: 'threads', component: Inside },
];

/** What the server answers to the next sign-in. */
function server(status: number, body: unknown): void {
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json(body, { status })));
}

describe('Signing in', () => {
  let harness: RouterTestingHarness;

  function root(): HTMLElement {
    return harness.routeNativeElement?.parentElement as HTMLElement;
  }

  async function submit(name: string, password: string): Promise<void> {
    const [nameField, passwordField] = root().querySelectorAll('input');
    for (const [field, value] of [
      [nameField, name],
      [passwordField, password],
    ] as const) {
      if (!field) throw new Error('a field is missing');
      field.value = value;
      field.dispatchEvent(new Event('input'));
    }
    root().querySelector('form')?.dispatchEvent(new Event('submit'));
    await vi.waitFor(() => {
      expect(root().querySelector('[aria-busy="true"]')).toBeNull();
      expect(root().querySelector('.problem')?.textContent ?? 'gone').not.toBe('');
    });
    await harness.fixture.whenStable();
  }

  beforeEach(async () => {
    localStorage.clear();
    TestBed.configureTestingModule({
      providers: [provideRouter(ROUTES, withComponentInputBinding())],
    });
    harness = await RouterTestingHarness.create();
  });

  afterEach(() => vi.unstubAllGlobals());

  it('shows the page that the address belongs to, and lasts', async () => {
    server(200, { token: 'good', operator: WELCOME.operator });
    await harness.navigateByUrl('/');
    await submit('sam', 'sam-secret');
    await vi.waitFor(() => expect(root().textContent).toContain('inside'));
    expect(TestBed.inject(Session).token()).toBe('good');
    expect(localStorage.getItem('patchbay.session')).toContain('good');
  });

  it('goes back to where one came from', async () => {
    server(200, { token: 'good', operator: WELCOME.operator });
    await harness.navigateByUrl('/?back=%2Fthreads');
    await submit('sam', 'sam-secret');
    await vi.waitFor(() => expect(TestBed.inject(Router).url).toBe('/threads'));
  });

  it.each(['//elsewhere.example', 'https://elsewhere.example', 'javascript:alert(1)'])(
    'does not lead to %s',
    async (back) => {
      server(200, { token: 'good', operator: WELCOME.operator });
      await harness.navigateByUrl(`/?back=${encodeURIComponent(back)}`);
      await submit('sam', 'sam-secret');
      await vi.waitFor(() => expect(TestBed.inject(Router).url).toBe('/'));
    },
  );

  it("says what the server says, in the server's words", async () => {
    server(401, { error: { code: 'wrong_login', message: 'These do not belong together.' } });
    await harness.navigateByUrl('/');
    await submit('sam', 'wrong');
    expect(root().querySelector('.problem')?.textContent).toContain(
      'These do not belong together.',
    );
    expect(TestBed.inject(Session).signedIn()).toBe(false);
  });

  it('says that the server is away', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    await harness.navigateByUrl('/');
    await submit('sam', 'sam-secret');
    expect(root().querySelector('.problem')?.textContent).toContain('does not answer');
  });

  it('asks for what is missing', async () => {
    await harness.navigateByUrl('/');
    await submit('sam', '');
    expect(root().querySelector('.problem')?.textContent).toContain('Type your name');
  });

  it('says why it is asked for again', async () => {
    server(200, { token: 'good', operator: WELCOME.operator });
    await harness.navigateByUrl('/');
    await submit('sam', 'sam-secret');
    await vi.waitFor(() => expect(root().textContent).toContain('inside'));
    TestBed.inject(Session).expired('It has run out.');
    await vi.waitFor(() =>
      expect(root().querySelector('.reason')?.textContent).toContain('run out'),
    );
  });

  it('survives whatever stands in the storage', () => {
    localStorage.setItem('patchbay.session', '{"token": 5}');
    expect(TestBed.inject(Session).signedIn()).toBe(false);
  });
});
