import { describe, expect, test } from 'vitest';
import { runInlineTests } from '../../../../exporters/compliance/status/inline-tests.js';
import { promqlProblem } from '../../../../pack/compliance/promql.js';
import { BOARD, FILES, readBoard } from './reading.js';

const catalogue = FILES['catalogue.yaml'] ?? '';
const inCatalogue = (from: string, to: string) => {
  if (!catalogue.includes(from)) throw new Error(`the catalogue has no ${from}`);
  return { 'catalogue.yaml': catalogue.replace(from, to) };
};

describe('a board', () => {
  test('is read with its catalogue, as the profile tailors it', () => {
    const { problems, board } = readBoard();
    expect(problems).toEqual([]);
    expect(board?.controls.map(({ id }) => id)).toEqual(['AUD-02', 'FIN-23']);
    const [first, second] = board?.controls ?? [];
    expect(first).toMatchObject({
      severity: 'high',
      owner: 'compliance',
      catalogue: 'mine',
      evidenceMaxAgeSeconds: 600,
      intervalMs: 300_000,
      applicability: { applies: true },
      checks: [
        {
          name: 'residual',
          kind: 'promql',
          expect: { operator: '<=', limit: 20, warnLimit: 5 },
          failsAfterMs: 120_000,
        },
        { name: 'stated', kind: 'attestation', everyMonths: 12, leadDays: 30 },
      ],
    });
    expect(second?.applicability).toEqual({
      applies: false,
      reason: 'The firm holds no client money',
      reviewBy: '2027-06-30',
    });
    expect(board).toMatchObject({
      waivers: [{ id: 'W-1', control: 'AUD-02', coversUnknown: false }],
      attestations: [{ check: 'stated', outcome: 'met' }],
      changes: [{ id: 'PS26-2', controls: ['AUD-02'] }],
      obligations: [
        {
          name: 'access-requests',
          rule: { kind: 'months', months: 1, rolls: true },
          calendar: 'office',
          leadSeconds: 432_000,
        },
      ],
      imports: [{ name: 'weekly', maxAgeSeconds: 691_200 }],
    });
    expect(board?.files.flatMap(({ paths }) => paths.map((path) => path.split('/').at(-1)))).toEqual(
      Object.keys(FILES),
    );
  });

  test('has known answers that its controls give', () => {
    const wrong = (readBoard().board?.controls ?? []).flatMap((control) =>
      runInlineTests(control).filter(({ isRight }) => !isRight),
    );
    // The profile raised the limit, so the catalogue's own answer for 11 is another one now.
    expect(wrong.map(({ test: { given }, got }) => [given, got])).toEqual([[{ residual: 11 }, 'unknown']]);
  });

  test('has another digest of what is evaluated when its profile says something else', () => {
    const digest = (profile: string) => readBoard(BOARD, { 'profile.yaml': profile }).board?.catalogues[0]?.sha256;
    expect(digest('facts: {}\n')).not.toBe(digest(FILES['profile.yaml'] ?? ''));
    expect(digest('facts: {}\n')).toBe(digest('facts: { other: true }\n'));
  });

  test('selects by area and by identifier, and a fact that is not stated excludes nothing', () => {
    const ids = (profile: string) =>
      readBoard(BOARD, { 'profile.yaml': profile }).board?.controls.map(({ id, applicability }) => [
        id,
        applicability.applies,
      ]);
    expect(ids('select: { areas: [financial_regulations] }\n')).toEqual([['FIN-23', true]]);
    expect(ids('select: { controls: [AUD-02] }\n')).toEqual([['AUD-02', true]]);
    expect(ids('exclude: { AUD-02: { reason: none, reviewBy: 2027-01-01 } }\n')).toEqual([
      ['AUD-02', false],
      ['FIN-23', true],
    ]);
  });
});

/** Each rule, with the place where it is said. */
const wrong: readonly (readonly [what: string, board: string, files: Record<string, string>, said: string])[] = [
  [
    'an unknown team',
    BOARD.replace('team: compliance\n', 'team: complience\n'),
    {},
    "pack.yaml:10:11: compliance.kingston.team: unknown team 'complience'; expected one of compliance, security; did you mean 'compliance'?",
  ],
  [
    'an unknown calendar',
    BOARD.replace('calendar: office', 'calendar: ofice'),
    {},
    "compliance.kingston.calendar: unknown calendar 'ofice'",
  ],
  [
    'two boards of one portal',
    `${BOARD}  second: { title: S, portal: kingston, team: compliance, calendar: office, catalogues: [./catalogue.yaml] }\n`,
    {},
    'compliance.second.portal: the board kingston is of the same portal',
  ],
  [
    'a catalogue that is not shipped',
    BOARD.replace('./catalogue.yaml', 'uk-welth'),
    {},
    "compliance.kingston.catalogues[0]: there is no shipped catalogue 'uk-welth'; expected one of soc2, uk-wealth, us-adviser, or a path",
  ],
  [
    'a profile that is not shipped',
    BOARD.replace('profile: ./profile.yaml', 'profile: kingstn'),
    {},
    "compliance.kingston.profile: there is no shipped profile 'kingstn'",
  ],
  [
    'a file that is not there',
    BOARD.replace('profile: ./profile.yaml', 'profile: ./other.yaml'),
    {},
    'other.yaml: no such file or folder',
  ],
  [
    'a register in a database that is not described',
    BOARD.replace('register: { database: portal', 'register: { database: none'),
    {},
    "obligations.access-requests.register.database: unknown database 'none'",
  ],
  [
    'hours that are conservative',
    BOARD.replace('rule: { months: 1 }', 'rule: { hours: 72 }\n        conservative: true'),
    {},
    'conservative: a rule of hours has no day that could be earlier',
  ],
  [
    'an unknown key of a control',
    BOARD,
    inCatalogue('severity: critical', 'severty: critical'),
    'controls.AUD-02.severty',
  ],
  [
    'an unknown kind of check',
    BOARD,
    inCatalogue('kind: promql', 'kind: prometheus'),
    'controls.AUD-02.checks.residual',
  ],
  [
    'an owner that is no team',
    BOARD,
    inCatalogue('owner: compliance', 'owner: nobody'),
    "catalogue.yaml:9:12: controls.AUD-02.owner: unknown team 'nobody'",
  ],
  [
    'an unknown framework',
    BOARD,
    inCatalogue('framework: nist,', 'framework: nits,'),
    "controls.AUD-02.references[0].framework: unknown framework 'nits'; expected one of nist; did you mean 'nist'?",
  ],
  [
    'verified without a day',
    BOARD,
    inCatalogue('confidence: verified, checked: 2026-11-23', 'confidence: verified'),
    'confidence: verified without a day',
  ],
  [
    'a retired identifier',
    BOARD,
    inCatalogue('  AUD-02:', '  OLD-01:'),
    'controls.OLD-01: the identifier OLD-01 is retired',
  ],
  [
    'evidence that is too young to last',
    BOARD,
    inCatalogue('maxAge: 10m', 'maxAge: 9m'),
    'controls.AUD-02.evidence.maxAge: evidence would be too old after one evaluation that fails',
  ],
  [
    'an end before the beginning',
    BOARD,
    inCatalogue(
      '    statement: Each change',
      '    effective: { from: 2027-01-01, to: 2026-01-01 }\n    statement: Each change',
    ),
    'effective.to: 2026-01-01 is before 2027-01-01',
  ],
  [
    'a comparison at the top',
    BOARD,
    inCatalogue('max(audit_trail_residual)', 'audit_trail_residual == 0'),
    'controls.AUD-02.checks.residual.query: a comparison stands at the top',
  ],
  [
    'what is not PromQL',
    BOARD,
    inCatalogue('max(audit_trail_residual)', 'max(audit_trail_residual'),
    'query: not PromQL',
  ],
  [
    'zero without anything that is alive',
    BOARD,
    inCatalogue('expect: { is: <=', 'onEmpty: zero, expect: { is: <='),
    'onEmpty: nothing shows that the source is alive',
  ],
  [
    'a warning on the wrong side',
    BOARD,
    inCatalogue('warn: 5', 'warn: 11'),
    'expect.warn: no value that passes would be at risk; expected less than limit:',
  ],
  [
    'a warning beside ==',
    BOARD,
    inCatalogue('is: ==, limit: 0', 'is: ==, limit: 0, warn: 1'),
    'expect.warn: a value that is == a limit has none beside it',
  ],
  [
    'a database that is not described',
    BOARD,
    inCatalogue('database: portal', 'database: audit'),
    "checks.day.database: unknown database 'audit'",
  ],
  [
    'a check of no obligation',
    BOARD,
    inCatalogue('kind: attestation, title: Stated, everyMonths: 12', 'kind: deadline, title: D, obligation: none'),
    "obligation: unknown obligation 'none'",
  ],
  [
    'a check of no import',
    BOARD,
    inCatalogue(
      'kind: attestation, title: Stated, everyMonths: 12',
      'kind: imported, title: I, from: none, identifiers: [x]',
    ),
    "from: unknown import 'none'",
  ],
  [
    'a composite of no check',
    BOARD,
    inCatalogue(
      'kind: attestation, title: Stated, everyMonths: 12',
      'kind: composite, title: C, of: [residual, none], atLeast: 3',
    ),
    "of[1]: unknown check 'none'",
  ],
  [
    'a composite that can never pass',
    BOARD,
    inCatalogue(
      'kind: attestation, title: Stated, everyMonths: 12',
      'kind: composite, title: C, of: [residual, residual], atLeast: 3',
    ),
    'atLeast: 3 of 2 can never pass',
  ],
  [
    'a known answer of no check',
    BOARD,
    inCatalogue('given: { residual: 11 }', 'given: { residul: 11 }'),
    "tests[1].given.residul: unknown check 'residul'",
  ],
  [
    'no known answer that fails',
    BOARD,
    inCatalogue('want: non_compliant', 'want: at_risk'),
    'controls.AUD-02.tests: no known answer is non_compliant',
  ],
  [
    'one identifier in two catalogues',
    BOARD.replace('[./catalogue.yaml]', '[./catalogue.yaml, ./second.yaml]'),
    { 'second.yaml': catalogue.replace('name: mine', 'name: second') },
    'second.yaml:6:3: controls.AUD-02: AUD-02 is also in the catalogue mine',
  ],
  [
    'a profile of no control',
    BOARD,
    { 'profile.yaml': 'select: { controls: [AUD-03] }\n' },
    "select.controls[0]: unknown control 'AUD-03'",
  ],
  [
    'an exclusion without a reason',
    BOARD,
    { 'profile.yaml': 'exclude: { AUD-02: { reviewBy: 2027-01-01 } }\n' },
    'exclude.AUD-02.reason',
  ],
  [
    'an exclusion of no control',
    BOARD,
    { 'profile.yaml': 'exclude: { AUD-03: { reason: r, reviewBy: 2027-01-01 } }\n' },
    "exclude.AUD-03: unknown control 'AUD-03'",
  ],
  [
    'a limit of no check',
    BOARD,
    { 'profile.yaml': 'tailor: { AUD-02: { checks: { none: { limit: 1 } } } }\n' },
    "unknown check 'none'",
  ],
  [
    'a limit that the kind does not have',
    BOARD,
    { 'profile.yaml': 'tailor: { AUD-02: { checks: { stated: { limit: 1 } } } }\n' },
    'a check of kind attestation has no limit; expected one of everyMonths',
  ],
  [
    'a known answer of the profile for no check',
    BOARD,
    { 'profile.yaml': 'tailor: { AUD-02: { tests: [{ given: { residul: 1 }, want: unknown }] } }\n' },
    "tailor.AUD-02.tests[0].given.residul: unknown check 'residul'; expected one of residual, stated; did you mean 'residual'?",
  ],
  [
    'a waiver of no control',
    BOARD,
    { 'waivers.yaml': (FILES['waivers.yaml'] ?? '').replace('AUD-02', 'AUD-09') },
    "waivers.W-1.control: unknown control 'AUD-09'",
  ],
  [
    'a waiver that its requester approved',
    BOARD,
    { 'waivers.yaml': (FILES['waivers.yaml'] ?? '').replace('compliance officer', 'Head of IT') },
    'waivers.W-1.approvedBy: who asked for it also approved it',
  ],
  [
    'a waiver of more than a year',
    BOARD,
    { 'waivers.yaml': (FILES['waivers.yaml'] ?? '').replace('2026-12-31', '2027-01-02') },
    'waivers.W-1.expiresOn: the waiver holds for more than a year; expected at most 2027-01-01',
  ],
  [
    'a waiver that ends before it begins',
    BOARD,
    { 'waivers.yaml': (FILES['waivers.yaml'] ?? '').replace('2026-12-31', '2025-12-31') },
    'waivers.W-1.expiresOn: 2025-12-31 is before 2026-01-01',
  ],
  [
    'a statement of another check',
    BOARD,
    { 'attestations.yaml': (FILES['attestations.yaml'] ?? '').replace('check: stated', 'check: residual') },
    "attestations[0].check: unknown check 'residual'",
  ],
  [
    'a change that nobody owns',
    BOARD,
    { 'changes.yaml': (FILES['changes.yaml'] ?? '').replace('owner: compliance', 'owner: nobody') },
    "changes.PS26-2.owner: unknown team 'nobody'",
  ],
  [
    'a change of no control',
    BOARD,
    { 'changes.yaml': (FILES['changes.yaml'] ?? '').replace('[AUD-02]', '[AUD-09]') },
    "changes.PS26-2.controls[0]: unknown control 'AUD-09'",
  ],
];

test.each(wrong)('%s is refused', (_what, board, files, said) => {
  const { problems } = readBoard(board, files);
  expect(problems.join('\n')).toContain(said);
});

test.each([
  ['sum(rate(x[5m]))', undefined],
  ['a > bool 1', undefined],
  ['a and b > 1', undefined],
  ['a > 1', 'a comparison stands at the top'],
  ['((a != 1))', 'a comparison stands at the top'],
  ['sum(', 'not PromQL'],
])('PromQL: %s', (query, problem) => {
  if (problem === undefined) expect(promqlProblem(query)).toBeUndefined();
  else expect(promqlProblem(query)).toContain(problem);
});
