import { describe, expect, test } from 'vitest';
import { Cookies } from '../../../../../exporters/runtime/portal/auth/cookies.js';

const url = new URL('http://portal.test/app/page');

describe('cookies that pile up', () => {
  test('the oldest are forgotten, as browsers do, and the rest is sent', () => {
    const cookies = new Cookies();
    for (let index = 0; index < 500; index += 1) cookies.store(url, [`c${index}=${index}; path=/`]);
    const sent = cookies.header(url)?.split('; ') ?? [];
    expect(sent.length).toBe(180);
    expect(sent).toContain('c499=499');
    expect(sent).not.toContain('c319=319');
  });

  test('a cookie that is set again is not the oldest, and those of other hosts stay', () => {
    const cookies = new Cookies();
    const other = new URL('http://other.test/');
    cookies.store(other, ['other=1']);
    cookies.store(url, ['session=1; path=/']);
    for (let index = 0; index < 300; index += 1) cookies.store(url, [`c${index}=1; path=/app`, 'session=2; path=/']);
    expect(cookies.value(url, 'session')).toBe('2');
    expect(cookies.header(other)).toBe('other=1');
  });

  test('one that no browser would take is not kept', () => {
    const cookies = new Cookies();
    cookies.store(url, [`a=${'x'.repeat(4094)}`, `b=${'x'.repeat(4095)}`]);
    expect(cookies.header(url)).toBe(`a=${'x'.repeat(4094)}`);
  });
});
