import { expect, test } from 'vitest';
import { excerpt, formatProblem, InvalidPack, loadPack } from '../../../../pack/index.js';
import { fileOf } from '../../../support/workflow/certificates.js';

/** What stands for each secret: twice the same, so that half of it is found where a mutation cuts it. */
const SECRET = 'hunter2hunter2';

/** Every kind of section that holds secrets, in lines and in braces. */
const base = `portals:
  main:
    title: Main portal
    baseUrl: https://portal.example.com
    variables:
      partner: ${SECRET}
    headers: { X-Partner: ${SECRET}, X-Plain: fine }
    timeout: 5s
    auth:
      kind: login
      path: /login
      fields:
        user: probe
        what: ${SECRET}
      secondStep: { path: /second, fields: { more: ${SECRET} } }
    identities:
      boss:
        kind: basic
        username: boss
        password: ${SECRET}
      staff:
        kind: header
        value: ${SECRET}
    tls:
      keyPassphrase: ${SECRET}
    neverProbe: [/admin/**]
workflows:
  home:
    title: Home page
    steps:
      - name: page
        path: /
        method: POST
        mutates: false
        query: { token: ${SECRET}, q: smith }
        headers:
          X-Api-Key: ${SECRET}
        body:
          form: { pin: ${SECRET} }
auditTrails:
  main:
    database: { url: 'postgres://a:${SECRET}@b/c' }
    seal:
      key: ${SECRET}
      anchors:
        store:
          kind: s3
          secretAccessKey: ${SECRET}
encryption:
  main:
    providers:
      hsm:
        kind: pkcs11
        pin: ${SECRET}
      vault: { kind: transit, token: ${SECRET} }
`;

/** Names that are no secrets by themselves; the list of names can never be complete. */
const misspelled: readonly (readonly [RegExp, string])[] = [
  [/password:/g, 'pasword:'],
  [/token:/g, 'tken:'],
  [/secretAccessKey:/g, 'scretAcess:'],
  [/keyPassphrase:/g, 'keyPhrase:'],
  [/X-Api-Key:/g, 'X-Api:'],
  [/pin:/g, 'pni:'],
];
const bases = [base, misspelled.reduce((text, [name, wrong]) => text.replaceAll(name, wrong), base)];

/** Numerical Recipes: the same mutations at each run. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const marks = '{}[]:,"\'|>&*!@%#`-?= \t\n\\ab';

/** What a hand does wrong: a character more, less, or another; a line further in or out, twice, or joined to the next. */
function mutated(text: string, random: (below: number) => number): string {
  const lines = text.split('\n');
  const at = random(lines.length);
  const line = lines[at] ?? '';
  // In the key more often than in the value, and in the place of a secret more often than elsewhere.
  const column = random(random(2) === 0 ? line.length + 1 : line.indexOf(':') + 2);
  const mark = marks[random(marks.length)] ?? '';
  const changed = [
    line.slice(0, column) + mark + line.slice(column),
    line.slice(0, column) + line.slice(column + 1),
    line.slice(0, column) + mark + line.slice(column + 1),
    ' '.repeat(1 + random(3)) + line,
    line.slice(1 + random(3)),
    `${line}\n${line}`,
    line.replace(':', ''),
    line.replace(': ', ':'),
    line.replace(': ', ':\n'),
    `${line.trimEnd()} ${lines.splice(at + 1, 1)[0]?.trim()}`,
  ];
  const which = random(changed.length);
  // Only the last one takes the next line.
  if (which < changed.length - 1)
    return text
      .split('\n')
      .with(at, changed[which] ?? '')
      .join('\n');
  return lines.with(at, changed[which] ?? '').join('\n');
}

function printed(text: string): string {
  const file = fileOf('mutated.yaml', text);
  try {
    loadPack(['test/fixtures/pack/minimal.yaml', file], { requireSecrets: false });
    return '';
  } catch (error) {
    if (!(error instanceof InvalidPack)) throw error;
    return error.problems
      .map((problem) => {
        const shown = problem.file === file ? excerpt(problem, text) : undefined;
        return `${formatProblem(problem)}\n${shown?.text ?? ''}`;
      })
      .join('\n');
  }
}

test('no mistake of a hand makes the check print a secret', () => {
  const random = randomOf(7);
  const leaks: string[] = [];
  let excerpts = 0;
  for (let round = 0; round < 100; round += 1) {
    const once = mutated(bases[round % bases.length] ?? '', random);
    const text = round % 4 === 0 ? mutated(once, random) : once;
    const told = printed(text);
    if (told !== '') excerpts += 1;
    if (told.includes('hunter')) leaks.push(told);
  }
  expect(excerpts).toBeGreaterThan(70);
  expect(leaks).toEqual([]);
});
