import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type ImportOptions, importHar } from '../../exporters/workflow/har/index.js';
import { loadPack } from '../../pack/index.js';
import { fileOf } from '../support/workflow/certificates.js';

const fixtures = fileURLToPath(new URL('../fixtures/workflow/har/', import.meta.url));
const packFile = join(fixtures, 'pack.yaml');
const pack = loadPack([packFile], { requireSecrets: false });

const imported = (file: string, options: Partial<ImportOptions> = {}) =>
  importHar(join(fixtures, file), { pack, ...options });

/** A recording of these entries only. */
function recording(...entries: object[]): string {
  return fileOf('recording.har', JSON.stringify({ log: { version: '1.2', entries } }));
}

interface Made {
  readonly method?: string;
  readonly status?: number;
  readonly json?: unknown;
  readonly headers?: Record<string, string>;
  /** Headers of the answer, and the cookies that it sets. */
  readonly answers?: Record<string, string>;
  readonly cookies?: Record<string, string>;
  readonly send?: { readonly mimeType: string; readonly text: string };
}

const pairs = (values: Record<string, string>) => Object.entries(values).map(([name, value]) => ({ name, value }));

/** @param path below the portal, or a whole URL elsewhere. */
function entry(
  path: string,
  { method = 'GET', status = 200, json = {}, headers = {}, answers = {}, cookies = {}, send }: Made = {},
): object {
  return {
    time: 10,
    _resourceType: 'fetch',
    request: {
      method,
      url: path.startsWith('/') ? `https://portal.kingston.test${path}` : path,
      headers: pairs(headers),
      ...(send === undefined ? {} : { postData: send }),
    },
    response: {
      status,
      headers: pairs(answers),
      cookies: pairs(cookies),
      content: { mimeType: 'application/json', text: JSON.stringify(json) },
    },
  };
}

const bare = fileOf('bare.yaml', readFileSync(packFile, 'utf8').replace(/ {4}auth:\n( {6}.*\n)+/, ''));
const withoutAuth = loadPack([bare], { requireSecrets: false });

const portalOf = (yaml: string) => {
  const [portal] = loadPack([bare, fileOf('imported.yaml', yaml)], { requireSecrets: false }).portals;
  if (portal === undefined) throw new Error('no portal');
  return portal;
};

const stepsOf = (yaml: string, base = packFile) => {
  const [workflow] = loadPack([base, fileOf('imported.yaml', yaml)], { requireSecrets: false }).workflows;
  if (workflow === undefined) throw new Error('no workflow');
  return workflow.steps;
};

describe('a recording of Chrome', () => {
  test('becomes the workflow that was agreed', async () => {
    await expect(imported('chrome.har', { name: 'open-client' }).yaml).toMatchFileSnapshot(
      '../golden/imported-chrome.yaml',
    );
  });

  test('passes the check, merged with the pack that has the portal', () => {
    const { yaml } = imported('chrome.har');
    const workflow = loadPack([packFile, fileOf('imported.yaml', yaml)], { requireSecrets: false }).workflows[0];
    expect(workflow).toMatchObject({ name: 'chrome', portals: ['kingston'], authenticated: true });
    expect(workflow?.steps.filter(({ mutates }) => mutates).map(({ name }) => name)).toEqual([
      'post-search',
      'post-notes',
    ]);
  });

  test('keeps no secret, in no form, on no outlet', () => {
    const secrets: Record<string, string> = JSON.parse(readFileSync(join(fixtures, 'secrets.json'), 'utf8'));
    const recorded = readFileSync(join(fixtures, 'chrome.har'), 'utf8');
    const everything = JSON.stringify(imported('chrome.har'));
    for (const [name, secret] of Object.entries(secrets)) {
      const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')];
      // It is in the recording, or the test would prove nothing.
      expect(
        forms.some((form) => recorded.includes(form)),
        name,
      ).toBe(true);
      for (const form of forms) expect(everything.includes(form), name).toBe(false);
    }
    // Nor what belongs to a client.
    expect(everything).not.toMatch(/QQ123456C|Ashdown|jo\.adviser/);
  });

  test('says what was left out, and why', () => {
    expect(imported('chrome.har').dropped).toEqual({
      'style, script, image or other static file': 4,
      'other site: analytics.example.net': 1,
      'login, which the auth: of the portal does': 1,
      'asked for a second time': 1,
      'answer 500 in the recording': 1,
      'no answer in the recording': 1,
      'forbidden by neverProbe: /api/system/*': 1,
    });
  });

  test('takes ids from earlier answers', () => {
    const { yaml, variables } = imported('chrome.har');
    const steps = stepsOf(yaml);
    expect(variables).toEqual(['clientGroupId', 'productId', 'pageToken', 'sessionToken']);
    expect(steps.find(({ name }) => name === 'client-groups-complete')?.path).toBe(
      '/api/client_groups/{clientGroupId}/complete',
    );
    expect(steps[1]?.extract).toMatchObject({ clientGroupId: { from: 'json', path: '$.client_groups[0].id' } });
  });

  test('names the variables of the environment that stand for secrets', () => {
    const { yaml, environment } = imported('chrome.har');
    expect(environment).toEqual([
      'KINGSTON_ACCESS_TOKEN',
      'KINGSTON_X_API_KEY',
      'KINGSTON_TOKEN',
      'KINGSTON_API_KEY',
      'KINGSTON_CLIENT_SECRET',
    ]);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how the pack refers to a secret.
    expect(yaml).toContain('X-Api-Key: ${env:KINGSTON_X_API_KEY}');
  });

  test('on a portal whose data may not be changed loses what changes it', () => {
    const strict = { ...pack, portals: pack.portals.map((portal) => ({ ...portal, allowMutations: false })) };
    const { steps, dropped } = imported('chrome.har', { pack: strict });
    expect(steps.join()).not.toContain('post');
    expect(dropped['POST changes data, which portal kingston does not allow (allowMutations)']).toBe(3);
  });

  test('on a portal without auth: gives it the recorded login, without its password', () => {
    const { yaml, environment } = imported('chrome.har', { pack: withoutAuth });
    expect(yaml).toMatch(/^ +authenticated: true$/m);
    const portal = portalOf(yaml);
    expect(portal.auth).toMatchObject({
      kind: 'login',
      path: '/api/auth/login',
      encoding: 'json',
      expectStatus: 200,
      token: { from: 'json', path: '$.bearer' },
    });
    expect(environment.slice(0, 2)).toEqual(['KINGSTON_EMAIL', 'KINGSTON_PASSWORD']);
  });

  test('without a login, on a portal without auth: sends no credentials, and says so', () => {
    const file = recording(entry('/a', { headers: { Cookie: 'session=b7f1c7e25a554b0e' } }));
    const { yaml, summary } = importHar(file, { pack: withoutAuth });
    expect(yaml).not.toMatch(/^ +authenticated:/m);
    expect(summary.join('\n')).toContain('portal kingston has no auth:');
  });
});

describe('a recording of Firefox', () => {
  test('is read too, and becomes what was agreed', async () => {
    const shipped = loadPack([], { requireSecrets: false });
    await expect(imported('firefox.har', { pack: shipped }).yaml).toMatchFileSnapshot(
      '../golden/imported-firefox.yaml',
    );
  });

  test('of a kebab portal is written in underscores, from which the same paths are made', () => {
    const [portal] = pack.portals;
    if (portal === undefined) throw new Error('no portal');
    const baseUrl = 'http://intranet.kingston.local:8001';
    const kebab = { ...portal, baseUrl, pathStyle: 'kebab' as const, pathStyleExceptions: ['legal_documents'] };
    const { yaml } = imported('firefox.har', { pack: { ...pack, portals: [kebab] } });
    expect(stepsOf(yaml).map(({ path }) => path)).toEqual([
      '/api/client_groups/bulk_client_data',
      '/api/client_groups/{clientGroupId}/legal_documents',
      '/api/funds',
    ]);
  });

  test('a number is an id only where its name says so', () => {
    const { yaml } = imported('firefox.har', { baseUrl: 'http://intranet.kingston.local:8001' });
    expect(stepsOf(yaml)[2]?.query).toEqual({ limit: '41', clientGroupId: '{clientGroupId}' });
  });
});

describe('single cases', () => {
  test('secrets by name, wherever they are, are replaced by references', () => {
    const secret = 'Pl4nted-Secret-9';
    const file = recording(
      entry(`/a?api_key=${secret}&q=hello`),
      entry('/b', { headers: { 'X-Auth-Token': secret, 'X-Custom': `wraps ${secret} in words`, 'X-Plain': 'fine' } }),
      entry('/c', {
        method: 'POST',
        send: {
          mimeType: 'application/json',
          text: JSON.stringify({ deep: [{ clientSecret: secret, text: `x${secret}x` }], q: 1 }),
        },
      }),
      entry('/d', {
        method: 'POST',
        send: { mimeType: 'application/x-www-form-urlencoded', text: `token=${secret}&q=hello` },
      }),
      entry(`/e/${secret}`),
    );
    const { yaml, summary, steps } = importHar(file, { pack });
    expect(yaml + summary.join()).not.toContain(secret);
    expect(steps).toEqual(['a', 'b', 'post-c', 'post-d', 'e']);
    const [a, , c, d, e] = stepsOf(yaml);
    expect(e?.path).toBe('/e/{eValue}');
    expect(yaml).toContain(`eValue: $` + '{env:KINGSTON_E_VALUE}');
    const reference = (name: string) => expect.objectContaining({ parts: [{ kind: 'env', name }] });
    expect(a?.query).toEqual({ q: 'hello', api_key: reference('KINGSTON_API_KEY') });
    expect(c?.body).toEqual({
      kind: 'json',
      value: {
        deep: [{ clientSecret: reference('KINGSTON_CLIENT_SECRET'), text: reference('KINGSTON_TEXT') }],
        q: 1,
      },
    });
    expect(d?.body).toEqual({ kind: 'form', fields: { q: 'hello', token: reference('KINGSTON_TOKEN') } });
    expect(yaml).toContain('X-Plain: fine');
    expect(yaml).toContain('X-Custom: $' + '{env:KINGSTON_X_CUSTOM}');
  });

  test('a token that an earlier answer gave is taken from there, each time', () => {
    const csrf = 'c5Rf-0123456789';
    const file = recording(
      entry('/form', { json: { csrf } }),
      entry('/notes', {
        method: 'POST',
        headers: { 'X-CSRF-Token': csrf },
        send: { mimeType: 'application/json', text: JSON.stringify({ text: 'x' }) },
      }),
    );
    const { yaml, environment } = importHar(file, { pack });
    expect(yaml).toContain("X-CSRF-Token: '{csrf}'");
    expect(stepsOf(yaml)[0]?.extract).toEqual({ csrf: { from: 'json', path: '$.csrf' } });
    expect(environment).toEqual([]);
  });

  test('two secrets of one name get two references, and what looks like a secret gets one too', () => {
    const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.c2lnbmF0dXJl';
    const file = recording(
      entry('/a?token=first-one'),
      entry('/b?token=second-one'),
      entry('/c?token=first-one'),
      entry(`/d?q=${jwt}`),
      entry('/e', {
        method: 'POST',
        send: { mimeType: 'application/json', text: JSON.stringify({ pin: 123456, n: 7 }) },
      }),
    );
    const { yaml, environment } = importHar(file, { pack });
    expect(environment).toEqual(['KINGSTON_TOKEN', 'KINGSTON_TOKEN_2', 'KINGSTON_Q', 'KINGSTON_PIN']);
    expect(yaml).not.toMatch(/first-one|eyJ|123456/);
    expect(stepsOf(yaml)).toHaveLength(5);
  });

  test.each([
    'account_password',
    'accountToken',
    'validation_token',
    'typed-secret',
    'sid',
    'X-OTP',
    'mfa_code',
    'totp',
    'access_key',
    'privateKey',
    'ticket',
    'bearer',
    'card_pin',
    'cvv',
    'verification_code',
    'securityAnswer',
    'memorable_word',
    'userpass',
    'pass1',
    'motDePasse',
    'mdp',
    'benutzerKennwort',
    'senha',
    'contrasena',
    'haslo',
    'answer',
    'seed',
    'toPhone',
    'user',
    'fromAccount',
    'lastName',
    'acctNum',
    'tan',
    'delivery_address',
  ])('%s is the name of a secret', (name) => {
    // A word like any other, so that the name alone decides.
    const secret = 'letmein';
    const file = recording(
      entry(`/a?${name}=${secret}`),
      entry('/b', { headers: { [name]: secret } }),
      entry('/c', {
        method: 'POST',
        send: { mimeType: 'application/json', text: JSON.stringify({ [name]: secret }) },
      }),
    );
    const { yaml, summary } = importHar(file, { pack });
    expect(yaml + summary.join()).not.toContain(secret);
  });

  test.each([
    'token_type',
    'expires_in',
    'tokenExpiresAt',
    'session_count',
    'password_length',
    'mfa_required',
    'side',
    'basket',
    'author',
    'company_name',
  ])('%s is not', (name) => {
    const { yaml } = importHar(recording(entry(`/a?${name}=plain-value`)), { pack });
    expect(stepsOf(yaml)[0]?.query).toEqual({ [name]: 'plain-value' });
  });

  test('what looks like a reference or a variable of ours is never written, and so never read as one', () => {
    const { yaml, environment } = importHar(recording(entry('/a?f=%7Bname%7D&g=%24%7Benv%3AHOME%7D&h=1')), { pack });
    expect(yaml).not.toMatch(/\{name\}|HOME/);
    expect(environment).toEqual(['KINGSTON_F', 'KINGSTON_G']);
  });

  test.each([
    [
      { client_groups: [{}], total: 1 },
      [
        { path: '$.error', exists: false },
        { path: '$.client_groups', minItems: 1 },
      ],
    ],
    [
      { client_groups: [] },
      [
        { path: '$.error', exists: false },
        { path: '$.client_groups', type: 'array' },
      ],
    ],
    [[1], [{ path: '$', minItems: 1 }]],
    [[], [{ path: '$', type: 'array' }]],
    [
      { id: 7, meta: {} },
      [
        { path: '$.error', exists: false },
        { path: '$.id', exists: true },
        { path: '$.meta', type: 'object' },
      ],
    ],
    [{ error: null }, []],
    ['text', []],
  ])('the shape of %j is expected, none of its values', (json, conditions) => {
    expect(stepsOf(importHar(recording(entry('/a', { json })), { pack }).yaml)[0]?.expect.json).toEqual(conditions);
  });

  test('redirects are one step, with the answer at their end', () => {
    const away = (from: string, to: string, status: number) => ({
      ...entry(from),
      response: { status, redirectURL: to, content: { mimeType: 'text/html' } },
    });
    const file = recording(
      away('/a', '/b', 302),
      away('/b', 'https://portal.kingston.test/c', 307),
      entry('/c', { json: [1] }),
      away('/out', 'https://elsewhere.test/', 302),
    );
    const { yaml, dropped } = importHar(file, { pack });
    expect(stepsOf(yaml).map(({ path }) => path)).toEqual(['/a']);
    expect(stepsOf(yaml)[0]?.expect).toMatchObject({
      status: [{ min: 200, max: 200 }],
      endsAt: ['/c'],
      json: [{ path: '$', minItems: 1 }],
    });
    expect(dropped).toEqual({ 'redirect that leads away': 1 });
  });

  test.each([
    [10, '0.5s'],
    [500, '1s'],
    [700, '1.5s'],
    [99_000, '30s'],
  ])('an SLA is proposed after the time of the recording, %i ms: %s', (time, sla) => {
    expect(importHar(recording({ ...entry('/a'), time }), { pack }).yaml).toContain(`sla: ${sla} #`);
  });
});

describe('everything is a secret until it is known to be none', () => {
  const uuid = '6f1c2b1e-8d0a-4c57-9a40-0d7c1f5e2b11';
  const hex = '0123456789abcdef0123456789abcdef01234567';

  /** Each pair in a query, a JSON body and a form, on a portal that has no auth: */
  const yamlOf = (name: string, value: string | number) => {
    const file = recording(
      entry(`/a?${name}=${value}`),
      entry('/b', { headers: { [name]: String(value) } }),
      entry('/c', {
        method: 'PATCH',
        send: { mimeType: 'application/json', text: JSON.stringify({ [name]: value, more: [{ [name]: value }] }) },
      }),
      entry('/d', {
        method: 'POST',
        send: { mimeType: 'application/x-www-form-urlencoded', text: `${name}=${value}` },
      }),
      entry('/e'),
    );
    const { yaml, summary } = importHar(file, { pack });
    stepsOf(yaml);
    return yaml + summary.join('\n');
  };

  test.each<[string, string | number]>([
    ['userPwd', 'letmein'],
    ['oldPw', 'letmein'],
    ['db_pass', 'letmein'],
    ['otpValue', 123456],
    ['Ocp-Apim-Subscription-Key', 'letmein'],
    ['appid', 'letmein'],
    ['key', uuid],
    ['cursor', hex],
    ['q', 'jo.adviser@kingston.test'],
    ['phone', '02079460958'],
    ['reference', 'QQ123456C'],
    ['card', '4111111111111111'],
    ['account_number', 31926819],
    ['sortCode', '20-00-00'],
    ['dob', '1970-01-31'],
    ['code', 481516],
    ['v', 'Xk9-Tq2-Bv7-Zz1'],
    ['data', 'c2VjcmV0IHdvcmRz'],
    ['hash', 'qzjxkvwpfh'],
    ['filter', `owner eq '${uuid}'`],
    ['fromAccount', 31926819],
    ['toPhone', 98765],
    ['to', 31926819],
    ['next', '/reset?token=letmein'],
    ['next', 'page;sid=letmein'],
    ['next', '/sms/4711'],
    ['q', 'password: letmein'],
    ['q', 'kind=a,mdp=letmein'],
    ['back', encodeURIComponent('/login?pass=letmein')],
  ])('%s: %s is one', (name, value) => {
    expect(yamlOf(name, value)).not.toContain(String(value));
  });

  test.each<[string, string | number]>([
    ['limit', 1000],
    ['clientGroupId', 88123],
    ['year', '2026'],
    ['from', '2026-11-30'],
    ['until', '2026-11-30T13:00:00Z'],
    ['sort', 'created_at:desc'],
    ['locale', 'en-GB'],
    ['q', 'smith and sons'],
    ['X-Requested-With', 'XMLHttpRequest'],
    ['ids', '10001,10002'],
    ['name', 'Müller'],
    ['active', 'true'],
    ['n', 7],
    ['from', 1764504000],
    ['from', 20261130],
    ['next', '/clients?limit=10'],
    ['q', 'compass'],
  ])('%s: %s is none, and the report says that it was kept', (name, value) => {
    const text = yamlOf(name, value);
    expect(text).toContain(`    ${name}: ${value}`);
    expect(text).toContain('kept as it was recorded, taken for no secret; read it:');
  });

  test.each([
    ...'userpw oldpw newpw userpwd upwd mypwd loginpw dbpw adminpw rootpwd pwdnew pword pasword kennw passkey'.split(
      ' ',
    ),
    ...'keyphrase phrase otpvalue otpcode onetimepin mfacode tancode subscriptionkey licensekey appkey'.split(' '),
    ...'clientkey userkey devkey consumerkey sas webhook codeword memword X-Functions-Key X-Sig'.split(' '),
  ])('%s: a plain word is one too', (name) => {
    expect(yamlOf(name, 'limecat')).not.toContain('limecat');
  });

  const below: object[] = [
    { password: { value: 'limecat' } },
    { passwords: ['limecat', 'limecat'] },
    { secret: { a: { b: 'limecat' } } },
    { token: { v: 'limecat' } },
    { apiKey: ['limecat'] },
    { auth: { key: 'limecat' } },
    { otp: { digits: [731] } },
    { pwd: { before: 'limecat', after: 'limecat' } },
    { credentials: { user: 'limecat', word: 'limecat' } },
    [['password', 'limecat']],
    [
      ['user', 'limecat'],
      ['password', 'limecat'],
    ],
    { data: ['password', 'limecat'] },
    { data: ['lang', 'en', 'password', 'limecat'] },
    { k: 'pwd', v: 'limecat' },
    { code: 'password', text: 'limecat' },
    { attr: 'pwd', content: 'limecat' },
    { field: 'pwd', val: 'limecat' },
    { type: 'password', data: 'limecat' },
    { what: 'pwd', is: { it: 'limecat' } },
    { inputs: [{ id: 'userpw', lang: 'en', kind: 'text', entered: 'limecat' }] },
    { name: 'password', code: 'limecat', lang: 'en', version: 2 },
    { query: 'mutation { save(password: { value: "limecat" }) { id } }' },
    { query: 'mutation { save(passwords: ["limecat"], words: [{ pwd: { a: "limecat" } }]) { id } }' },
    { filter: JSON.stringify({ pwd: { value: 'limecat' } }) },
  ];
  test.each(below)('what stands below or beside the name of a secret: %j', (sent) => {
    const send = { mimeType: 'application/json', text: JSON.stringify(sent) };
    const { yaml, summary } = importHar(recording(entry('/b', { method: 'PATCH', send }), entry('/e?q=tomcat')), {
      pack,
    });
    expect(yaml + summary.join('\n')).not.toMatch(/limecat|731/);
    expect(yaml).toContain('tomcat');
  });

  test.each([
    [{ sort: ['name', 'asc'], view: 'list' }],
    [{ columns: ['id', 'name', 'status', 'password', 'role'] }],
    [{ kind: 'note', text: 'list', role: 'asc' }],
    [{ action: 'token', page: 'list', role: 'asc' }],
  ])('but not what stands elsewhere: %j', (sent) => {
    const send = { mimeType: 'application/json', text: JSON.stringify(sent) };
    const { environment } = importHar(recording(entry('/b', { method: 'PATCH', send }), entry('/e')), { pack });
    expect(environment).toEqual([]);
  });

  test('a word of an answer that stands below a session or tokens is an ordinary word elsewhere', () => {
    const { yaml } = importHar(
      recording(
        entry('/a', { json: { sessions: [{ status: 'open' }], token: { type: 'Bearer' } } }),
        entry('/b?status=open&kind=Bearer'),
      ),
      { pack },
    );
    expect(yaml).toContain('status: open');
    expect(yaml).toContain('kind: Bearer');
  });

  test('in a path: a variable of the portal takes its place, whose value is a reference', () => {
    const file = recording(
      entry(`/api/shares/${hex}/pages`),
      entry(`/api/shares/${uuid}`),
      entry('/api/clients/88123'),
    );
    const { yaml, summary } = importHar(file, { pack });
    expect(stepsOf(yaml).map(({ path }) => path)).toEqual([
      '/api/shares/{shareValue}/pages',
      '/api/shares/{shareValue2}',
      '/api/clients/88123',
    ]);
    expect(yaml).toContain('shareValue: $' + '{env:KINGSTON_SHARE_VALUE}');
    expect(yaml + summary.join()).not.toMatch(new RegExp(`${hex}|${uuid}`));
    expect(summary.join('\n')).toContain('path: 88123');
  });

  test.each([
    ['/reset/abcd', '/reset/{resetValue}'],
    ['/s/abcd', '/s/{sValue}'],
    ['/users/verify/email/ab/cd', '/users/verify/email/{emailValue}/{emailValue2}'],
    ['/sms/47', '/sms/{smValue}'],
    ['/a;token=abc/b', '/{pathValue}/b'],
    ['/clients/token=abc', '/clients/{clientValue}'],
    ['/password/reset', '/password/reset'],
    ['/token/refresh', '/token/refresh'],
    ['/graphql', '/graphql'],
    ['/jsonrpc/v2', '/jsonrpc/v2'],
    ['/apis/v1beta1/xhtml', '/apis/v1beta1/xhtml'],
  ])('in the path %s, which becomes %s', (recorded, written) => {
    const { yaml, steps, summary } = importHar(
      recording(
        entry(`${recorded}?q=x`),
        entry(recorded, { method: 'POST', send: { mimeType: 'text/xml', text: 'x' } }),
      ),
      { pack },
    );
    expect(stepsOf(yaml)[0]?.path).toBe(written);
    if (recorded !== written) expect(steps.join() + summary.join()).not.toMatch(/abcd|abc|47|\bcd\b/);
  });

  test.each<[string, object]>([
    [
      'a field that another names',
      entry('/a', {
        method: 'POST',
        send: { mimeType: 'application/json', text: '[{"name":"token","value":"letmein"}]' },
      }),
    ],
    ['a parameter that another names', entry('/a?field=pin&value=letmein')],
    ['a parameter behind a word that leads to secrets', entry('/verify?c=letmein')],
    ['a key of an answer that is one elsewhere', entry('/a?token=letmein', { json: { letmein: { id: 'row-4711' } } })],
    [
      'a comment of GraphQL',
      entry('/a', {
        method: 'POST',
        send: { mimeType: 'application/json', text: JSON.stringify({ query: '# pin: "letmein"\nquery { a { id } }' }) },
      }),
    ],
  ])('in %s', (_, recorded) => {
    const { yaml, summary, steps } = importHar(recording(recorded, entry('/rows/row-4711')), { pack });
    expect(yaml + summary.join()).not.toContain('letmein');
    expect(steps).toHaveLength(2);
  });

  test('the report shows what was kept whole, or says where the rest stands', () => {
    const words = (count: number) => `query Q { ${'clients { id } '.repeat(count)}}`;
    const send = (query: string) => ({
      method: 'POST',
      send: { mimeType: 'application/json', text: JSON.stringify({ query }) },
    });
    const { kept } = importHar(recording(entry('/graphql', send(words(30))), entry('/graphql', send(words(100)))), {
      pack,
    });
    expect(kept[0]).toBe(`query: ${words(30)}`);
    expect(kept[1]).toMatch(/^query: query Q .*… \(1000 of 1511 characters; all of it stands in POST \/graphql\)$/);
  });

  test('as the name of a field, or a key of a table that an id was taken from', () => {
    const file = recording(
      entry('/table', { json: { [uuid]: { id: 'row-4711' }, rows: [{ id: 'row-4712' }] } }),
      entry('/rows/row-4711'),
      entry('/rows/row-4712'),
      entry(`/a?${hex}=x`),
      entry('/c', { method: 'POST', send: { mimeType: 'application/json', text: JSON.stringify({ [hex]: 1 }) } }),
    );
    const { yaml, summary } = importHar(file, { pack });
    expect(yaml + summary.join()).not.toMatch(new RegExp(`${hex}|${uuid}|row-4711`));
    expect(stepsOf(yaml).map(({ path }) => path)).toContain('/rows/{rowId}');
  });

  test('a document of GraphQL is code, unless somebody wrote a secret into it', () => {
    const graphQl = (query: string) =>
      importHar(
        recording(
          entry('/graphql', {
            method: 'POST',
            send: { mimeType: 'application/json', text: JSON.stringify({ query, operationName: 'Clients' }) },
          }),
        ),
        { pack },
      ).yaml;
    const query = 'query Clients($first: Int) {\n  clients(first: $first, order: "name asc") { id ni_number }\n}';
    expect(graphQl(query)).toContain('ni_number');
    expect(graphQl(query.replace('name asc', uuid))).not.toContain(uuid);
    const secret = ['token: "letmein"', 'by: { pin: 123 }', 'by: { answer: ["a", "letmein"] }', 'cvv: QQQletmeinQQQ'];
    for (const argument of secret) {
      const document = query.replace('first: $first', argument.replaceAll('QQQ', '"'.repeat(3)));
      expect(graphQl(document)).not.toMatch(/letmein|123/);
    }
    expect(graphQl(query.replace('$first: Int', '$first: Int, $pin: String = "letmein"'))).not.toContain('letmein');
    expect(graphQl(query.replace('ni_number', 'token: accessToken'))).toContain('token: accessToken');
  });
});

describe('a recorded login', () => {
  const login = (send: object, made: Made = {}) =>
    entry('/login', { method: 'POST', send: { mimeType: 'application/json', text: JSON.stringify(send) }, ...made });
  const authOf = (...entries: object[]) => {
    const { yaml, summary } = importHar(recording(...entries, entry('/a')), { pack: withoutAuth });
    expect(yaml + summary.join()).not.toMatch(/letmein|jo\.adviser/);
    return {
      auth: portalOf(yaml).auth,
      steps: stepsOf(yaml, bare).map(({ name }) => name),
      summary: summary.join('\n'),
    };
  };
  const text = (name: string) => expect.objectContaining({ parts: [{ kind: 'env', name }] });

  test.each(['password', 'userPwd', 'pw', 'passwd', 'login_pass', 'userpw', 'pword'])(
    'by %s becomes auth:, and no step',
    (name) => {
      const { auth, steps } = authOf(login({ user: 'jo.adviser', [name]: 'letmein', remember: true }));
      expect(auth).toMatchObject({ kind: 'login', path: '/login', encoding: 'json' });
      const fields = auth.kind === 'login' ? auth.fields : {};
      expect(fields.user).toEqual(text('KINGSTON_USER'));
      expect(fields.remember?.reveal()).toBe('true');
      expect(steps).toEqual(['a']);
    },
  );

  test.each([
    ['inline', { query: 'mutation { login(mail: "jo.adviser@x.test", password: "letmein") { jwt } }' }],
    [
      'in variables',
      { query: 'mutation L($i: In) { login(i: $i) { jwt } }', variables: { i: { password: 'letmein' } } },
    ],
    ['in a text of variables', { query: 'mutation { login }', variables: '{"password":"letmein"}' }],
  ])('by GraphQL, %s, is no step, and the report says why it is no auth:', (_, send) => {
    const { auth, steps, summary } = authOf(login(send));
    expect({ auth, steps }).toEqual({ auth: { kind: 'none' }, steps: ['a'] });
    expect(summary).toContain('the login sends fields inside of fields');
  });

  test.each<[string, Made]>([
    ['/login?user=jo.adviser&userpw=letmein', {}],
    ['/enter?user=jo.adviser&password=letmein&remember=true', { cookies: { sid: 'abcdefgh12345678' } }],
    ['/enter?user=jo.adviser&pw=letmein', { json: { access_token: 'letmein-99' } }],
    ['/signin?user=jo.adviser&pw=letmein', { status: 302 }],
  ])('by GET becomes auth: of that method, and no step: %s', (path, made) => {
    const { auth, steps } = authOf(entry(path, made));
    expect(auth).toMatchObject({ kind: 'login', method: 'GET', path: path.replace(/\?.*/, '') });
    expect(auth.kind === 'login' ? auth.fields.user : undefined).toEqual(text('KINGSTON_USER'));
    expect(steps).toEqual(['a']);
  });

  test('without a cookie and without a token becomes auth: too', () => {
    const { auth, steps } = authOf(login({ usr: 'jo.adviser', userpw: 'letmein' }));
    expect(auth).toMatchObject({ kind: 'login', path: '/login' });
    expect(steps).toEqual(['a']);
  });

  test('is no GET that shows nothing of a login: its password is a reference, and the report says so', () => {
    const { auth, steps, summary } = authOf(entry('/strength?userpw=letmein'));
    expect(auth).toEqual({ kind: 'none' });
    expect(steps).toEqual(['strength', 'a']);
    expect(summary).toContain('strength: parameter userpw is sent as a reference; if this step is the login');
  });

  test('whose values look like settings or names of fields: only a setting under its own name stays', () => {
    const { auth } = authOf(
      login({ user: 'on', password: 'password', grant_type: 'password', rememberMe: 'true', realm: 'true', pin: '1' }),
    );
    const fields = auth.kind === 'login' ? auth.fields : {};
    expect(Object.entries(fields).flatMap(([name, value]) => (value.isSecret ? [] : [name]))).toEqual([
      'grant_type',
      'rememberMe',
    ]);
  });

  const enter = { who: 'jo.adviser', what: 'letmein' };
  const basket = { amount: 25, currency: 'GBP' };
  const orderCookie = { cookies: { order_session: 'c00kie-of-jo' } };
  test.each<[string, string, object, Made, Made]>([
    ['the word of a path', '/api/v1/sign-in', { a: 'jo.adviser', b: 'letmein' }, {}, {}],
    ['a method of JSON-RPC', '/rpc', { method: 'user.login', params: ['jo.adviser', 'letmein'] }, {}, {}],
    ['a mutation', '/graphql', { query: 'mutation { signIn(a: "jo.adviser", b: "letmein") { id } }' }, {}, {}],
    ['a session cookie', '/enter', enter, { cookies: { ssid: 'c00kie-of-jo' } }, {}],
    ['a token in JSON', '/enter', enter, { json: { accessToken: 'letmein-99' } }, {}],
    ['a token in a header', '/enter', enter, { answers: { 'X-Auth-Token': 'letmein-99' } }, {}],
    ['an authorized payment', '/payments/authorize', basket, orderCookie, {}],
    ['a checkout', '/checkout/create-session', { basket: [{ sku: 'shoe', count: 1 }] }, {}, {}],
    ['an order', '/orders', { basket: 7 }, orderCookie, {}],
    ['an order of a guest, with an empty password', '/orders', { basket: 7, password: '' }, {}, {}],
    ['an order with a voucher', '/orders?state=draft&code=Zq81LmWx', { basket: 7 }, {}, {}],
    ['a path and an answer', '/session/login', { basket: 7 }, orderCookie, {}],
  ])('without credentials is neither auth: nor a step, and the report says so: %s', (_, path, send, made, after) => {
    const recorded = { mimeType: 'application/json', text: JSON.stringify(send) };
    const possible = entry(path, { method: 'POST', send: recorded, ...made });
    const { auth, steps, summary } = authOf(possible, entry('/b', after));
    expect(auth).toEqual({ kind: 'none' });
    expect(steps).toEqual(['b', 'a']);
    expect(summary).toContain(`left out, 1: POST ${path.replace(/\?.*/, '')} may be a login`);
    expect(summary).toContain('if not, write it as a step with mutates: true');
  });

  test('whose answer gives a token that later requests send is not repeated either: the token is', () => {
    const send = { mimeType: 'application/json', text: JSON.stringify(enter) };
    const { auth, summary } = authOf(
      entry('/enter', { method: 'POST', send, json: { token: 'letmein-99' } }),
      entry('/b', { headers: { Authorization: 'Bearer letmein-99' } }),
    );
    expect(auth).toMatchObject({ kind: 'header' });
    expect(summary).toContain('POST /enter may be a login');
    expect(summary).toContain('no login was recognised; auth: sends the recorded Bearer, which may expire');
  });

  test.each<[object, boolean]>([
    [{ grant_type: 'client_credentials', scope: 'api' }, true],
    [{ client_id: 'portal', client_secret: 'letmein' }, true],
    [{ refreshToken: 'letmein' }, true],
    [{ amount: 25, client_secret: 'letmein' }, false],
    [{ amount: 25, grant_type: 'voucher' }, false],
  ])('of OAuth 2.0 is told from a payment: %j', (send, isLogin) => {
    const { auth, steps } = authOf(
      entry('/token', { method: 'POST', send: { mimeType: 'application/json', text: JSON.stringify(send) } }),
    );
    expect(auth.kind).toBe(isLogin ? 'login' : 'none');
    expect(steps).toEqual(isLogin ? ['a'] : ['post-token', 'a']);
  });

  test('is none where every answer sets its cookie anew, or where a token leads to the next page', () => {
    const send = { mimeType: 'application/json', text: JSON.stringify({ q: 'smith' }) };
    const cookies = (value: string) => ({ cookies: { session: `rolling-${value}` } });
    const { steps } = authOf(
      ...['r', 's', 't'].map((each) => entry(`/${each}`, cookies(each))),
      entry('/search', { method: 'POST', send, ...cookies('u') }),
      entry('/find', { method: 'POST', send, json: { token: 'page-2-of-9', next_token: 'page-3-of-9' } }),
    );
    expect(steps).toEqual(['r', 's', 't', 'post-search', 'post-find', 'a']);
  });

  test('by a form that answers with a redirect', () => {
    const send = {
      mimeType: 'application/x-www-form-urlencoded',
      text: 'username=jo.adviser&password=letmein&csrf=c5',
    };
    const { auth, summary } = authOf(entry('/login', { method: 'POST', status: 302, send }));
    expect(auth).toMatchObject({ kind: 'login', encoding: 'form', expectStatus: 302 });
    expect(Object.keys(auth.kind === 'login' ? auth.fields : {})).toEqual(['username', 'password']);
    expect(summary).toContain('csrf is left out, because its token is new each time');
  });

  test('whose token later requests send', () => {
    const { auth } = authOf(
      login({ email: 'jo.adviser@x.test', password: 'letmein' }, { json: { data: { jwt: 'tok-letmein-99' } } }),
      entry('/b', { headers: { Authorization: 'Bearer tok-letmein-99' } }),
    );
    expect(auth).toMatchObject({ token: { from: 'json', path: '$.data.jwt' } });
  });

  test('with a secret in its path is not written, nor is a header of a kind that nobody can repeat', () => {
    const send = { mimeType: 'application/json', text: JSON.stringify({ user: 'jo.adviser', password: 'letmein' }) };
    const inPath = authOf(entry('/login/letmein-0123456789abcdef', { method: 'POST', send }));
    expect(inPath.auth).toEqual({ kind: 'none' });
    const digest = authOf(entry('/b', { headers: { Authorization: 'Digest username="letmein", nonce="letmein"' } }));
    expect(digest.auth).toEqual({ kind: 'none' });
    expect(digest.summary).toContain('of a kind that auth: cannot write');
  });

  test('that was refused is none; the one after it is', () => {
    const { auth } = authOf(
      login({ email: 'jo.adviser@x.test', password: 'letmeinn' }, { status: 401 }),
      entry('/signin', {
        method: 'POST',
        send: { mimeType: 'application/json', text: JSON.stringify({ email: 'jo.adviser', password: 'letmein' }) },
      }),
    );
    expect(auth).toMatchObject({ path: '/signin' });
  });

  test.each([
    ['Basic am8uYWR2aXNlcjpsZXRtZWlu', { kind: 'basic', username: text('KINGSTON_USERNAME') }],
    ['Bearer letmein-99', { kind: 'header', header: 'Authorization' }],
  ])('that was sent along: %s', (value, expected) => {
    expect(authOf(entry('/b', { headers: { Authorization: value } })).auth).toMatchObject(expected);
  });

  test.each([
    [{ oldPw: 'letmein', newPw: 'letmein2' }, 'new password, which cannot be set twice'],
    [{ user: 'jo.adviser', password: 'letmein', confirmPassword: 'letmein' }, 'new password'],
    [{ oldpw: 'letmein', newpw: 'letmein2' }, 'new password, which cannot be set twice'],
    [{ otpValue: 123456 }, 'one-time code, which is good for one login only'],
    [{ otpvalue: 123456 }, 'one-time code, which is good for one login only'],
    [{ mfacode: 123456 }, 'one-time code, which is good for one login only'],
  ])('%j is none, and no step either', (send, reason) => {
    const { auth, steps, summary } = authOf(login(send));
    expect(auth).toEqual({ kind: 'none' });
    expect(steps).toEqual(['a']);
    expect(summary).toContain(reason);
  });

  test.each([
    [{ user: { name: 'jo.adviser', password: 'letmein' } }, 'fields inside of fields, which auth: cannot write'],
    [[{ password: 'letmein' }], 'fields inside of fields'],
    [
      { user: 'jo.adviser', password: 'letmein', '0123456789abcdef01': 'x' },
      'may be a secret in its path or in the name',
    ],
  ])('that cannot be written says why: %j', (send, why) => {
    const { auth, summary } = authOf(login(send));
    expect(auth).toEqual({ kind: 'none' });
    expect(summary).toContain(why);
  });
});

describe('a login by OpenID Connect', () => {
  const provider = 'https://login.example.com/realms/staff';
  const form = (text: string) => ({ mimeType: 'application/x-www-form-urlencoded', text });
  const back = 'https://portal.kingston.test/callback';
  const authorize = entry(
    `${provider}/protocol/openid-connect/auth?response_type=code&client_id=portal-spa&scope=openid+profile` +
      `&state=st4te-letmein&redirect_uri=${encodeURIComponent(back)}`,
  );
  const filled = (text: string) =>
    entry(`${provider}/login-actions/authenticate?session_code=letmein-1`, {
      method: 'POST',
      status: 302,
      send: form(text),
    });
  const both = filled('username=jo.adviser&password=letmein');
  const callback = entry('/callback?code=c0de-letmein&state=st4te-letmein');
  const idToken = `e30.${Buffer.from(JSON.stringify({ iss: provider })).toString('base64url')}.letmein`;
  const exchange = (answer: object) =>
    entry(`${provider}/protocol/openid-connect/token`, {
      method: 'POST',
      send: form(
        `grant_type=authorization_code&code=c0de-letmein&client_id=portal-spa&redirect_uri=${encodeURIComponent(back)}`,
      ),
      json: { access_token: 'letmein-at', ...answer },
    });
  const exchanged = exchange({ id_token: idToken });
  const authOf = (...entries: object[]) => {
    const after = entry('/a', { headers: { Authorization: 'Bearer letmein-at' } });
    const { yaml, summary, environment } = importHar(recording(...entries, after), { pack: withoutAuth });
    expect(yaml + summary.join()).not.toMatch(/letmein|jo\.adviser/);
    expect(stepsOf(yaml, bare).map(({ name }) => name)).toEqual(['a']);
    return { auth: portalOf(yaml).auth, environment, summary: summary.join('\n') };
  };

  test('becomes auth: of its kind, with the forms that were filled in', () => {
    const { auth, environment } = authOf(
      authorize,
      filled('username=jo.adviser&credentialId='),
      filled('password=letmein&credentialId=&rememberMe=on'),
      callback,
      exchanged,
    );
    expect(auth).toMatchObject({
      kind: 'oidc',
      issuer: provider,
      redirectUri: back,
      scope: 'openid profile',
      forms: [{ fields: { username: expect.anything() } }, { fields: { password: expect.anything() } }],
    });
    expect(environment).toEqual(['KINGSTON_USERNAME', 'KINGSTON_PASSWORD']);
  });

  test.each<[string, string, object[]]>([
    ['whose code the portal exchanged', 'kind form', [authorize, both, callback]],
    ['whose issuer nobody names', 'issuer', [authorize, both, callback, exchange({})]],
    ['without a form', 'no form', [authorize, callback, exchanged]],
    ['with a one-time code', 'one-time code', [authorize, both, filled('otp=123456'), callback, exchanged]],
    ['by SAML', 'SAML', [entry('/saml/acs', { method: 'POST', status: 302, send: form('SAMLResponse=letmein') })]],
  ])('%s is named as not converted', (_, why, entries) => {
    const { auth, summary } = authOf(...entries);
    expect(auth).toEqual({ kind: 'none' });
    expect(summary).toMatch(new RegExp(`is not converted.*${why}`));
  });
});

describe('what cannot be imported says why', () => {
  const broken: [file: string, message: string][] = [
    ['nope.har', 'nope.har: does not exist'],
    ['not-json.har', 'not-json.har:3:17: this is not JSON; expected a recording in the format HAR 1.2'],
    ['cut-off.har', 'this is not JSON'],
    ['not-har.har', 'not-har.har: log: expected object'],
    ['bad-url.har', 'bad-url.har: log.entries[0].request.url: expected a URL'],
    ['empty.har', 'empty.har: the recording is empty'],
    [
      'firefox.har',
      'no request goes to https://portal.kingston.test, the portal kingston; those recorded go to http://intranet.kingston.local:8001',
    ],
  ];
  test.each(broken)('%s', (file, message) => {
    expect(() => imported(file)).toThrow(message);
  });

  test('a recording of nothing that a workflow could do', () => {
    const image = { ...entry('/logo.png'), _resourceType: 'image' };
    expect(() => importHar(recording(image), { pack })).toThrow(
      /nothing of the recording can become a step of kingston:\n {2}left out, 1: style, script, image or other static file$/,
    );
  });

  test('a broken file is not quoted: secrets may be in it', () => {
    expect(() => importHar(fileOf('broken.har', '{"password": "hunter2222" oops'), { pack })).toThrow(/^(?!.*hunter)/);
  });

  test.each([
    [{ portal: 'kingstn' }, "there is no portal 'kingstn'; did you mean 'kingston'?"],
    [{ name: 'Not A Name' }, '--name Not A Name: expected a name of lower-case letters'],
    [{ baseUrl: 'nowhere' }, '--base-url nowhere is no URL'],
  ])('%j', (options, message) => {
    expect(() => imported('chrome.har', options)).toThrow(message);
  });
});
