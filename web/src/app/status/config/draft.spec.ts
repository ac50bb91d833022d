import { CONFIG } from '../vectors';
import { Draft, changes, edited, problems, refusedKey } from './draft';
import { parseConfig } from './values';

const config = parseConfig(CONFIG);
const saved = (draft: Draft) => changes(config, draft);
const wrong = (draft: Draft) => Object.fromEntries(problems(config, draft));

describe('what is edited of the call configuration', () => {
  it('is what differs from the server', () => {
    const draft: Draft = { auto_answer: true, max_duration_sec: '300', greeting_owner: 'Ann' };
    expect(edited(config, draft).map((field) => field.key)).toEqual(['greeting_owner']);
    expect(saved(draft)).toEqual({ greeting_owner: 'Ann' });
  });

  it('is sent as the server keeps it', () => {
    expect(
      saved({
        auto_answer: false,
        auto_answer_delay_ms: ' 1500 ',
        caller_allowlist: '+49 (123) 45-678\n0800/123, 0800 123',
        caller_blocklist: '',
        greeting_incoming: ' Good\nmorning. ',
      }),
    ).toEqual({
      auto_answer: false,
      auto_answer_delay_ms: 1500,
      caller_allowlist: ['+4912345678', '0800123'],
      caller_blocklist: [],
      greeting_incoming: 'Good morning.',
    });
  });

  it.each<[Draft, string]>([
    [{ auto_answer_delay_ms: '60001' }, 'Type a whole number from 0 to 60000.'],
    [{ max_duration_sec: '9' }, 'Type a whole number from 10 to 86400.'],
    [{ max_duration_sec: '1e3' }, 'Type a whole number from 10 to 86400.'],
    [{ auth_max_attempts: '' }, 'Type a whole number from 0 to 100.'],
    [{ caller_blocklist: '+4912\nfoo' }, 'foo is no telephone number.'],
    [{ caller_allowlist: '+49; reboot' }, 'reboot is no telephone number.'],
    [{ greeting_outgoing: '  ' }, 'Type what is to be said.'],
    [{ greeting_owner: 'x'.repeat(1001) }, 'This is longer than 1000 characters.'],
  ])('is not sent where it cannot be right: %j', (draft, sentence) => {
    expect(wrong(draft)).toEqual({ [Object.keys(draft)[0] as string]: sentence });
  });

  it('leaves out what this server does not have', () => {
    const older = parseConfig({ auto_answer: true });
    expect(edited(older, {})).toEqual([]);
    expect(Object.fromEntries(problems(older, {}))).toEqual({});
  });

  it('needs a passphrase where callers are to be asked for one', () => {
    expect(wrong({ auth_required: true })).toEqual({
      auth_passphrase: 'Type the passphrase that callers are to say.',
    });
    expect(saved({ auth_required: true, auth_passphrase: 'blue moon' })).toEqual({
      auth_passphrase: 'blue moon',
    });
  });

  it('changes a passphrase that is never shown, or takes it away', () => {
    const asked = parseConfig({ ...CONFIG, auth_required: true });
    expect(changes(asked, { auth_passphrase: 'red sun' })).toEqual({ auth_passphrase: 'red sun' });
    expect(changes(asked, { auth_required: false, auth_passphrase: 'red sun' })).toEqual({
      auth_passphrase: '',
    });
    expect(Object.fromEntries(problems(asked, { auth_required: false }))).toEqual({});
  });

  it('is marked where the server refuses it, whichever name the server uses', () => {
    expect(refusedKey("caller_allowlist is ['x']: it must be a list.")).toBe('caller_allowlist');
    expect(refusedKey('`greeting_incoming_template` is 1: it must be a text.')).toBe(
      'greeting_incoming',
    );
    expect(refusedKey('call_auto_answer_delay_ms is -1: …')).toBe('auto_answer_delay_ms');
    expect(refusedKey('The call configuration cannot be written: no space left.')).toBeNull();
    expect(refusedKey('')).toBeNull();
  });
});
