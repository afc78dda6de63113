import { describe, expect, test } from 'vitest';
import { excerpt, formatProblem, InvalidPack, loadPack } from '../../../../pack/index.js';
import { fileOf } from '../../../support/workflow/certificates.js';

/** Each has one mistake beside `letmein`, which stands for a secret: nothing that is printed may hold it. */
const portal = (lines: string) => `portals:\n  main:\n${lines.replaceAll(/^/gm, '    ')}\n`;
const auth = (lines: string) => portal(`auth:\n${lines.replaceAll(/^/gm, '  ')}`);
const basic = (line: string) => auth(`kind: basic\nusername: probe\n${line}`);
const fields = (lines: string) => auth(`kind: login\npath: /login\nfields:\n${lines.replaceAll(/^/gm, '  ')}`);
const step = (line: string) =>
  `workflows:\n  home:\n    steps:\n      - name: page\n        path: /\n        method: POST\n        mutates: false\n        ${line}\n`;

describe('the syntax is wrong', () => {
  test.each([
    ['no colon', basic('password letmein')],
    ['an equals sign', basic('password=letmein')],
    ['no blank', basic('password:letmein')],
    ['no blank, and a key before', basic('kind: basic, password:letmein')],
    ['a tab', basic('\tpassword letmein')],
    ['a tab before the value of the next line', basic('password:\n\tletmein')],
    ['a tab in fields', fields('\twhat: letmein')],
    ['the wrong quote', basic(`password: 'letmein"`)],
    ['a quote in a quote', basic(`password: 'it's letmein'`)],
    ['a quote that never ends', basic('password: "letmein')],
    ['text behind a quote', basic('password: "a" letmein')],
    ['a colon in the value', basic('password: let: letmein')],
    ['a value in braces', basic('password: {letmein}')],
    ['a value in braces with more', basic('password: {letmein} x')],
    ['a value in braces in fields', fields('what: {letmein}')],
    ['braces that never end', basic('password: {letmein')],
    ['brackets that never end', basic('password: [letmein')],
    ['no comma', auth('{ kind: basic username: probe password: letmein }')],
    ['a star', basic('password: *letmein')],
    ['an anchor and an alias', basic('password: &letmein *letmein')],
    ['an exclamation mark', basic('password: !letmein')],
    ['two of them', basic('password: !!letmein x')],
    ['a named tag', basic('password: !a!letmein x')],
    ['a bar', basic('password: |letmein')],
    ['an angle bracket', basic('password: >letmein\n')],
    ['an at sign', basic('password: @letmein')],
    ['a per cent sign', basic('password: %letmein')],
    ['a back quote', basic('password: `letmein`')],
    ['a backslash', basic('password: "\\letmein"')],
    ['a second document', `${basic('password: x')}---\npassword: letmein\n`],
    ['an item among keys', basic('- password: letmein')],
    ['an item without its key among keys', fields('a: b\n- letmein')],
    ['the value on the next line, too far left', basic('password:\nletmein')],
    ['a key twice', basic('password: letmein\npassword: letmein')],
    ['a key with its value in it twice', basic('password letmein: x\npassword letmein: x')],
    ['a key that is a map', basic('{ password: letmein }: x')],
    ['a mark of a key', basic('? password letmein')],
    ['in one line', 'portals: { main: { auth: { kind: basic, password letmein: x, : } } }\n'],
    ['a word that is cut by the end of a line', portal('headers:\n  X-Api\n  -Key: letmein')],
    ['a word that is cut', step('query: { api_[key: letmein }')],
    ['without a key in one line', auth('{ kind: login, fields: { what: letmein, : } }')],
    ['in fields over lines', fields('what letmein')],
  ])('%s', (_, text) => expectNoSecret(text));
});

describe('the shape is wrong', () => {
  test.each([
    ['a list', basic('password: [letmein]')],
    ['a list of lines', basic('password:\n  - letmein')],
    ['a map', basic('password: { letmein: x }')],
    ['a map in braces', basic('password: { letmein: { letmein: x } }')],
    ['a value in quotes and braces', basic(`password: '{letmein}'`)],
    ['auth: is a text', portal('auth: letmein')],
    ['auth: is a list', portal('auth: [letmein]')],
    ['auth: is a list of lines', portal('auth:\n  - password letmein')],
    ['fields: is a text', auth('kind: login\npath: /login\nfields: letmein')],
    ['fields: is a list', auth('kind: login\npath: /login\nfields: [letmein]')],
    ['totp: is a text', auth('kind: login\npath: /login\nfields: { a: b }\ntotp: letmein')],
    ['identities: is a text', portal('identities: letmein')],
    ['an identity is a text', portal('identities: { boss: letmein }')],
    ['headers: is a text', step('headers: letmein')],
    ['body: is a text', step('body: letmein')],
    ['form: is a text', step('body: { form: letmein }')],
    ['variables: is a text', portal('variables: letmein')],
    ['the key of a field is misspelled', basic('passwrd: letmein')],
    ['the key of a section is misspelled', auth('kind: login\npath: /login\nfeilds: { what: letmein }')],
    ['the section is misspelled', portal('auht: { kind: basic, what: letmein }')],
    ['the section is misspelled, in lines', portal('auht:\n  what: letmein')],
    ['a secret has no place here', portal('password: letmein')],
    ['a key with its value in it', basic('password letmein: x')],
    ['a key with its value in it, with an equals sign', basic('password=letmein: x')],
    ['a variable that is none', step(`body: { form: { password: '{letmein}' } }`)],
    ['a header of the portal that is no variable', portal(`headers: { X-Auth-Token: '{letmein}' }`)],
    ['a reference that is none', basic(`password: \${letmein}`)],
    ['a URL with a password', portal('baseUrl: https://probe:let/letmein@portal.example.com')],
    ['a URL with a token', portal('baseUrl: https://portal.example.com/?token=letmein')],
    ['a trail is a text', 'auditTrails: { main: { database: letmein } }\n'],
    ['the key of a seal is a list', 'auditTrails: { main: { seal: { key: [letmein] } } }\n'],
    ['a provider is a text', 'encryption: { main: { providers: { hsm: letmein } } }\n'],
    ['a pin is a list', 'encryption: { main: { providers: { hsm: { kind: pkcs11, pin: [letmein] } } } }\n'],
  ])('%s', (_, text) => expectNoSecret(text));
});

function expectNoSecret(text: string): void {
  const file = fileOf('secret.yaml', text);
  let problems: readonly string[] = [];
  try {
    loadPack(['test/fixtures/pack/minimal.yaml', file], { requireSecrets: false });
  } catch (error) {
    if (!(error instanceof InvalidPack)) throw error;
    problems = error.problems.map((problem) => {
      const shown = problem.file === file ? excerpt(problem, text) : undefined;
      return `${formatProblem(problem).replace(file, '')}\n${shown?.text ?? ''}`;
    });
  }
  expect(problems).not.toEqual([]);
  expect(problems.join('\n')).not.toContain('letmein');
}
