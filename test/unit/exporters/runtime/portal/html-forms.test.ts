import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { filled, formWith, readHtml } from '../../../../../exporters/runtime/portal/auth/html-forms.js';

const url = new URL('https://portal.test/account/login?next=%2Fhome');

/** What a browser would send for this page when these fields are filled. */
function sent(html: string, fields: Record<string, string> = {}): string | undefined {
  const form = formWith(readHtml(html, url), Object.keys(fields));
  return form === undefined ? undefined : filled(form, new Map(Object.entries(fields))).toString();
}

describe('a form is sent as a browser sends it', () => {
  test('the login of Django’s admin, as Django wrote it', () => {
    const page = readHtml(readFileSync('test/fixtures/workflow/logins/django-admin-5.2.html', 'utf8'), url);
    const form = formWith(page, ['username', 'password']);
    expect(form).toMatchObject({ method: 'POST', encoding: 'application/x-www-form-urlencoded' });
    expect(form?.action.href).toBe('https://portal.test/admin/login/?next=/admin/');
    const body = form && filled(form, new Map(Object.entries({ username: 'probe', password: 'p&w' })));
    expect([...(body ?? [])].map(([name]) => name)).toEqual(['csrfmiddlewaretoken', 'username', 'password', 'next']);
    expect(body?.get('csrfmiddlewaretoken')).toMatch(/^[A-Za-z0-9]{64}$/);
    expect(body?.get('next')).toBe('/admin/');
    expect(body?.toString()).toContain('&username=probe&password=p%26w&');
  });

  test.each([
    [
      'hidden fields and entities',
      '<form><input type=hidden name=t value="a&amp;b&#39;"><input name=u></form>',
      { u: 'x' },
      't=a%26b%27&u=x',
    ],
    [
      'one button, the first',
      '<form><input name=u><button name=go value=1>x</button><button name=no value=2>y</button></form>',
      { u: 'x' },
      'u=x&go=1',
    ],
    [
      'the button that is named',
      '<form><button name=yes value=1></button><button name=no value=2></button></form>',
      { no: '2' },
      'no=2',
    ],
    [
      'boxes that are checked, and those that are filled',
      '<form><input type=checkbox name=a checked><input type=checkbox name=b><input type=checkbox name=c value=1></form>',
      { c: '1' },
      'a=on&c=1',
    ],
    [
      'the selected option, a text area, nothing disabled',
      '<form><select name=s><option>a<option value=b selected>B</select><textarea name=t>\nhi</textarea><input name=d value=1 disabled></form>',
      { t: 'hi' },
      's=b&t=hi',
    ],
    [
      'fields outside that belong to it',
      '<form id=f></form><input form=f name=u><input name=other>',
      { u: 'x' },
      'u=x',
    ],
    [
      'no buttons that send nothing',
      '<form><button type=button name=x></button><input type=reset name=r><input type=image name=i><input name=u></form>',
      { u: 'x' },
      'u=x',
    ],
  ])('%s', (_, html, fields, expected) => {
    expect(sent(html, fields)).toBe(expected);
  });

  test('the form with the fields is chosen, not the first', () => {
    const html = '<form action=/search><input name=q></form><form action=/in method=post><input name=user></form>';
    expect(formWith(readHtml(html, url), ['user'])?.action.href).toBe('https://portal.test/in');
    expect(formWith(readHtml(html, url), ['user', 'q'])).toBeUndefined();
  });

  test.each([
    ['<form></form>', url.href],
    ['<form action=""></form>', url.href],
    ['<base href="https://id.test/x/"><form action="y"></form>', 'https://id.test/x/y'],
    ['<base href="https://id.test/x/"><form action=""></form>', url.href],
    ['<form action="?step=2"></form>', 'https://portal.test/account/login?step=2'],
  ])('%s goes to %s', (html, action) => {
    expect(readHtml(html, url).forms[0]?.action.href).toBe(action);
  });

  test('a page that is meant to take long does not', () => {
    const started = performance.now();
    for (const piece of ['<form><input name=a>', '<div>', '<b><p>', '<table><tr><td>'])
      readHtml(piece.repeat(Math.floor(200_000 / piece.length)), url);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
