import { ApiError } from '../session/response';
import { WireError } from '../wire/read';
import { Part } from './part';

const MISSING = new ApiError('not_found', 'Not Found.', 404);
const OFFLINE = new ApiError('offline', 'The server does not answer.', 0);

/** A part whose answers are given out one by one, in any order. */
function slowly() {
  const waiting: ((value: string) => void)[] = [];
  const part = new Part<string>(() => new Promise((resolve) => waiting.push(resolve)));
  return { part, answer: (index: number, value: string) => waiting[index]?.(value) };
}

describe('Part', () => {
  it('keeps the last answer while later questions fail, and says why', async () => {
    let answer: () => string = () => 'fine';
    const part = new Part<string>(async () => answer());
    await part.ask();
    answer = () => {
      throw OFFLINE;
    };
    await part.ask();
    expect(part.value()).toBe('fine');
    expect(part.trouble()).toBe('The server does not answer.');
    answer = () => 'fine again';
    await part.ask();
    expect(part.value()).toBe('fine again');
    expect(part.trouble()).toBeNull();
  });

  it('says where an answer is not what was agreed', async () => {
    const part = new Part<string>(() =>
      Promise.reject(new WireError('status.uptimeS', 'a number')),
    );
    await part.ask();
    expect(part.trouble()).toBe('status.uptimeS is not a number');
  });

  it('asks seldom for what this server does not have, and at once where it must know', async () => {
    let asked = 0;
    const part = new Part<string>(() => {
      asked += 1;
      return Promise.reject(MISSING);
    });
    for (let round = 0; round < 17; round += 1) await part.ask();
    expect(asked).toBe(2);
    expect(part.missing()).toBe(true);
    expect(part.trouble()).toBeNull();
    await part.ask(true);
    expect(asked).toBe(3);
  });

  it('takes no answer that was overtaken by a later one', async () => {
    const { part, answer } = slowly();
    const asked = [part.ask(), part.ask()];
    answer(1, 'new');
    await asked[1];
    answer(0, 'old');
    await asked[0];
    expect(part.value()).toBe('new');
  });

  it('passes on what is a fault of this page', async () => {
    const part = new Part<string>(() => Promise.reject(new TypeError('a bug')));
    await expect(part.ask()).rejects.toThrow('a bug');
  });
});
