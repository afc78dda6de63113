import { describe, expect, test } from 'vitest';
import { isSamePage, pageIn } from '../../../../pack/index.js';

describe('one page', () => {
  test.each([
    ['http://portal.test/look', 'http://portal.test/look/', true],
    ['http://portal.test/look', 'https://portal.test:8443/look', true],
    ['http://portal.test/look', 'http://PORTAL.test/look?page=2#top', true],
    ['http://portal.test/a%20b', 'http://portal.test/a b', true],
    ['http://portal.test/', 'http://portal.test', true],
    ['http://portal.test/look', 'http://portal.test/Look', false],
    ['http://portal.test/look', 'http://portal.test/look/more', false],
    ['http://portal.test/look', 'http://portal.test/', false],
    ['http://portal.test/', 'http://login.test/', false],
    ['http://portal.test/a%2Fb', 'http://portal.test/a/b', false],
  ])('%s and %s: %s', (a, b, same) => {
    expect(isSamePage(new URL(a), new URL(b))).toBe(same);
    expect(isSamePage(new URL(b), new URL(a))).toBe(same);
  });
});

describe('a pattern for pages', () => {
  const portal = { baseUrl: 'http://portal.test:8001', pathStyle: 'kebab', pathStyleExceptions: [] } as const;
  test.each([
    ['/login', 'http://portal.test:8001/login?next=%2Fhome', true],
    ['/login', 'https://portal.test/login/', true],
    ['/login', 'http://portal.test:8001/login/2', false],
    ['/login', 'http://other.test/login', false],
    ['/log_in', 'http://portal.test:8001/log-in', true],
    ['/log_in', 'http://portal.test:8001/log_in', true],
    ['/users/*/edit', 'http://portal.test:8001/users/7/edit', true],
    ['/users/*/edit', 'http://portal.test:8001/users/7/8/edit', false],
    ['/users/*/edit', 'http://portal.test:8001/users/edit', false],
    ['/file-*.html', 'http://portal.test:8001/file-a-b.html', true],
    ['/a*b*c', 'http://portal.test:8001/abc', true],
    ['/a*b*c', 'http://portal.test:8001/acb', false],
    ['/ab*b', 'http://portal.test:8001/ab', false],
    ['/auth/**', 'http://portal.test:8001/auth', true],
    ['/auth/**', 'http://portal.test:8001/auth/a/b', true],
    ['/auth/**', 'http://portal.test:8001/other/a', false],
    ['/**', 'http://portal.test:8001/', true],
    ['https://id.test/realms/**', 'https://id.test/realms/staff/auth', true],
    ['https://id.test/', 'https://id.test/', true],
    ['https://id.test/**', 'http://id.test/x', false],
    ['https://id.test/**', 'https://id.test:8443/x', false],
  ])('%s, asked of %s: %s', (pattern, url, fits) => {
    expect(pageIn(new URL(url), [pattern], portal)).toBe(fits ? pattern : undefined);
  });

  test('takes no time over a hostile text', () => {
    const url = new URL(`http://portal.test:8001/${'a'.repeat(200_000)}`);
    const started = performance.now();
    expect(pageIn(url, ['/*a*a*a*a*a*a*b'], portal)).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
