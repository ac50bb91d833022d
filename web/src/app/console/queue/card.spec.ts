import { ComponentFixture, TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import { HarnessLoader } from '@angular/cdk/testing';
import { TestbedHarnessEnvironment } from '@angular/cdk/testing/testbed';
import { MatButtonHarness } from '@angular/material/button/testing';
import { MatMenuHarness } from '@angular/material/menu/testing';

import { Clock } from '../../shell/clock';
import { parseIncomingCall } from '../../wire/parse';
import { INCOMING, changed } from '../../wire/vectors';
import { Card } from './card';

const REQUESTED = Date.parse(INCOMING.requestedAt);

describe('Card', () => {
  let fixture: ComponentFixture<Card>;
  let loader: HarnessLoader;

  function text(): string {
    return (fixture.nativeElement as HTMLElement).textContent.replace(/\s+/g, ' ');
  }

  async function show(change: Record<string, unknown> = {}, first = true): Promise<void> {
    fixture = TestBed.createComponent(Card);
    loader = TestbedHarnessEnvironment.loader(fixture);
    fixture.componentRef.setInput('call', parseIncomingCall(changed(INCOMING, change)));
    fixture.componentRef.setInput('first', first);
    await fixture.whenStable();
  }

  beforeEach(() => {
    TestBed.configureTestingModule({ providers: [provideRouter([])] });
    // The server's clock says that the call has waited for 15 of its 45 seconds.
    TestBed.inject(Clock).synchronise(REQUESTED + 15_000);
  });

  it('says who calls, for whom, and why', async () => {
    await show();
    for (const word of [
      'Dana Field',
      '+15 550 100',
      'orders',
      'The caller asked for a person.',
      'Wants forty muffins for Friday.',
    ]) {
      expect(text()).toContain(word);
    }
  });

  it("measures by the server's clock, not by this computer's", async () => {
    await show();
    expect(text()).toContain('0:15');
    expect(text()).toMatch(/0:(30|31) left/);
    const soon = (fixture.nativeElement as HTMLElement).querySelector('.soon');
    expect(soon).toBeNull();
  });

  it('says when time runs out', async () => {
    TestBed.inject(Clock).synchronise(REQUESTED + 40_000);
    await show();
    expect((fixture.nativeElement as HTMLElement).querySelector('.soon')).not.toBeNull();
  });

  it('has the number as the name of somebody without one', async () => {
    await show({ caller: { number: '+15550100', provider: 'twilio' } });
    expect(text()).toContain('+15 550 100');
    await show({ caller: { provider: 'softphone' } });
    expect(text()).toContain('Unknown caller');
  });

  it('shows the keys only on the card that they are for', async () => {
    await show();
    expect((fixture.nativeElement as HTMLElement).querySelectorAll('kbd')).toHaveLength(2);
    await show({}, false);
    expect((fixture.nativeElement as HTMLElement).querySelectorAll('kbd')).toHaveLength(0);
  });

  it('offers reasons for declining', async () => {
    await show();
    const menu = await loader.getHarness(MatMenuHarness);
    await menu.open();
    const items = await Promise.all((await menu.getItems()).map((item) => item.getText()));
    expect(items[0]).toBe('Without a reason');
    expect(items.length).toBeGreaterThan(1);
  });

  it('can be accepted', async () => {
    await show();
    const accept = await loader.getHarness(MatButtonHarness.with({ text: /Accept/ }));
    expect(await accept.isDisabled()).toBe(false);
  });
});
