import { inject } from '@angular/core';
import { CanActivateFn, Router } from '@angular/router';

import { Session } from './session';

/** Lets operators in; everybody else signs in first and then comes back. */
export const signedIn: CanActivateFn = (_route, state) => {
  if (inject(Session).signedIn()) return true;
  const back = state.url === '/' ? {} : { back: state.url };
  return inject(Router).createUrlTree(['/sign-in'], { queryParams: back });
};
