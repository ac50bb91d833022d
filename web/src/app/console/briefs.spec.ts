import { TestBed } from '@angular/core/testing';

import { parseCallView } from '../wire/parse';
import { CALL, changed } from '../wire/vectors';
import { Briefs } from './briefs';

const BRIEF = { callId: 'c1', reason: 'Wants a person.', summary: 'Forty muffins.' };
const call = (change: Record<string, unknown> = {}) => parseCallView(changed(CALL, change));

/** What the page that is loaded next knows. */
function nextPage(): Briefs {
  TestBed.resetTestingModule();
  return TestBed.inject(Briefs);
}

describe('Briefs', () => {
  beforeEach(() => sessionStorage.clear());

  it('are known after the page was loaded again, for their own call', () => {
    nextPage().keep(BRIEF);
    expect(nextPage().of(call())).toEqual(BRIEF);
    expect(nextPage().of(call({ callId: 'c2' }))).toBeNull();
  });

  it('are what the server says, where it says so', () => {
    nextPage().keep(BRIEF);
    expect(nextPage().of(call({ summary: 'Fifty.' }))).toMatchObject({ summary: 'Fifty.' });
  });

  it('are forgotten, and not made of nonsense', () => {
    nextPage().keep(BRIEF);
    nextPage().keep(null);
    expect(nextPage().of(call())).toBeNull();
    sessionStorage.setItem('patchbay.brief', '{"callId": "c1", "reason": 5}');
    expect(nextPage().of(call())).toBeNull();
  });
});
