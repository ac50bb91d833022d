import { inject } from '@angular/core';
import { CanMatchFn } from '@angular/router';

import { Session } from './session';

/** Matches for operators; what else has the address then asks for the sign-in. */
export const signedIn: CanMatchFn = () => inject(Session).signedIn();
