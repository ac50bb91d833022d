import { CdkTextareaAutosize } from '@angular/cdk/text-field';
import {
  ChangeDetectionStrategy,
  Component,
  ElementRef,
  computed,
  inject,
  input,
  signal,
} from '@angular/core';
import { FormsModule } from '@angular/forms';
import { MatButton } from '@angular/material/button';
import { ErrorStateMatcher } from '@angular/material/core';
import { MatFormFieldModule } from '@angular/material/form-field';
import { MatInput } from '@angular/material/input';
import { MatSlideToggle } from '@angular/material/slide-toggle';

import { ApiError } from '../../session/api';
import { clockSeconds } from '../../shell/format';
import { Icon } from '../../shell/icon';
import { StatusStore } from '../status-store';
import { Draft, applies, changes, edited, problems, refusedKey, shown } from './draft';
import { Field, GROUPS, Held, Key, held } from './fields';
import { CallConfig } from './values';

/** What became of the last attempt to save. */
interface Outcome {
  readonly good: boolean;
  readonly text: string;
}

/** What the phone app does with calls. Fields that nobody edits follow the server. */
@Component({
  selector: 'pb-config-form',
  imports: [
    CdkTextareaAutosize,
    FormsModule,
    Icon,
    MatButton,
    MatFormFieldModule,
    MatInput,
    MatSlideToggle,
  ],
  templateUrl: './config-form.html',
  styleUrl: './config-form.scss',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ConfigForm {
  private readonly store = inject(StatusStore);
  private readonly host = inject<ElementRef<HTMLElement>>(ElementRef);
  private readonly draft = signal<Draft>({});
  /** What the server said of single fields, until they are edited. */
  private readonly refused = signal<ReadonlyMap<Key, string>>(new Map());
  private readonly matchers = new Map<Key, ErrorStateMatcher>();

  readonly config = input.required<CallConfig>();

  protected readonly busy = signal(false);
  protected readonly outcome = signal<Outcome | null>(null);
  /** The groups with what this server has of them. */
  protected readonly groups = computed(() =>
    GROUPS.map((group) => ({
      ...group,
      fields: group.fields.filter((field) => held(field, this.config()) !== null),
    })).filter((group) => group.fields.length > 0),
  );
  protected readonly dirty = computed(() => edited(this.config(), this.draft()).length > 0);
  private readonly problems = computed(
    () => new Map([...this.refused(), ...problems(this.config(), this.draft())]),
  );

  protected text(field: Field): string {
    return String(shown(field, this.config(), this.draft()));
  }

  protected on(field: Field): boolean {
    return shown(field, this.config(), this.draft()) === true;
  }

  /** Whether there is anything to type here. */
  protected offered(field: Field): boolean {
    return applies(field, this.config(), this.draft());
  }

  protected problem(key: Key): string | null {
    return this.problems().get(key) ?? null;
  }

  /** Marks a field by `problem`, and not by what Angular finds in it. */
  protected matcher(key: Key): ErrorStateMatcher {
    let matcher = this.matchers.get(key);
    if (!matcher) {
      matcher = { isErrorState: () => this.problem(key) !== null };
      this.matchers.set(key, matcher);
    }
    return matcher;
  }

  protected edit(key: Key, value: Held): void {
    this.draft.update((draft) => ({ ...draft, [key]: value }));
    this.refused.update((map) => new Map([...map].filter(([other]) => other !== key)));
    this.outcome.set(null);
  }

  /** A sentence is one line, however many it takes to show it: Enter does what it does in one. */
  protected entered(event: Event): void {
    if (event instanceof KeyboardEvent && event.isComposing) return;
    event.preventDefault();
    void this.save();
  }

  protected discard(): void {
    if (this.busy()) return;
    this.draft.set({});
    this.refused.set(new Map());
    this.outcome.set(null);
  }

  protected async save(): Promise<void> {
    if (this.busy() || !this.dirty()) return;
    const [first] = this.problems().keys();
    if (first !== undefined) {
      this.fail($localize`Nothing is saved yet: see the field that is marked.`, first);
      return;
    }
    const draft = this.draft();
    this.busy.set(true);
    this.outcome.set(null);
    try {
      await this.store.save(changes(this.config(), draft));
      this.forget(draft);
      const text = $localize`Saved at ${clockSeconds(Date.now())}.`;
      this.outcome.set({ good: true, text });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.refuse(error);
    } finally {
      this.busy.set(false);
    }
  }

  private refuse(error: ApiError): void {
    const key = refusedKey(error.message);
    if (key === null) {
      this.fail(error.message);
      return;
    }
    this.refused.set(new Map([[key, error.message]]));
    this.fail($localize`Nothing was saved: the server refused the field that is marked.`, key);
  }

  private fail(text: string, key?: Key): void {
    this.outcome.set({ good: false, text });
    if (key) this.host.nativeElement.querySelector<HTMLElement>(`[name="${key}"]`)?.focus();
  }

  /** What was saved is no draft any more; what was typed meanwhile is. */
  private forget(saved: Draft): void {
    this.draft.update((draft) =>
      Object.fromEntries(
        Object.entries(draft).filter(([key, value]) => saved[key as Key] !== value),
      ),
    );
  }
}
