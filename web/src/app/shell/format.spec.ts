import { duration, phoneNumber } from './format';

describe('duration', () => {
  it.each([
    [-5, '0:00'],
    [7_900, '0:07'],
    [750_000, '12:30'],
    [3_723_000, '1:02:03'],
  ])('of %d ms is %s', (ms, text) => expect(duration(ms)).toBe(text));
});

describe('phoneNumber', () => {
  it.each([
    ['+15550100123', '+1 555 010 0123'],
    ['+441632960961', '+44 163 296 0961'],
    ['+15550100', '+15 550 100'],
    ['anonymous', 'anonymous'],
    ['', ''],
    ['112', '112'],
  ])('of %s reads %s', (number, text) => expect(phoneNumber(number)).toBe(text));
});
