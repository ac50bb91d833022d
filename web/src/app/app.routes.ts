import { Routes } from '@angular/router';

import { signedIn } from './session/guard';

export const routes: Routes = [
  {
    path: '',
    pathMatch: 'full',
    title: $localize`Console`,
    canMatch: [signedIn],
    loadComponent: () => import('./console/console-page').then((m) => m.ConsolePage),
  },
  {
    path: '',
    pathMatch: 'full',
    title: $localize`Sign in`,
    loadComponent: () => import('./session/sign-in').then((m) => m.SignIn),
  },
  {
    path: 'phone',
    title: $localize`Phone`,
    canDeactivate: [(page: { mayLeave(): Promise<boolean> }) => page.mayLeave()],
    loadComponent: () => import('./phone/phone-page').then((m) => m.PhonePage),
  },
  {
    path: 'threads',
    title: $localize`Threads`,
    loadComponent: () => import('./threads/threads-page').then((m) => m.ThreadsPage),
  },
  {
    path: 'threads/:id',
    title: $localize`Thread`,
    loadComponent: () => import('./threads/thread-page').then((m) => m.ThreadPage),
  },
  {
    path: 'status',
    title: $localize`Status`,
    loadComponent: () => import('./status/status-page').then((m) => m.StatusPage),
  },
  { path: 'sign-in', redirectTo: '' },
  {
    path: '**',
    title: $localize`Not found`,
    loadComponent: () => import('./shell/not-found').then((m) => m.NotFound),
  },
];
