import { describe, expect, test } from 'vitest';
import { runInlineTests } from '../../../../exporters/compliance/status/inline-tests.js';
import type { Control, ControlCheck } from '../../../../pack/compliance/model/index.js';
import { readBoard } from './reading.js';

const obligations = [
  'access-requests',
  'rights-requests',
  'data-protection-complaints',
  'breach-reports',
  'complaint-acknowledgements',
  'complaint-responses',
  'complaints-return',
  'regulatory-returns',
  'financial-crime-report',
  'fca-notifications',
  'operational-incidents',
  'client-money-reconciliations',
];
const BOARD = `
portals: { kingston: { title: Portal, baseUrl: 'http://127.0.0.1:1' } }
teams: { compliance: { title: Compliance }, security: { title: Security }, platform: { title: Platform } }
calendars: { office: { timeZone: Europe/London, weekdays: Monday-Friday, hours: 08:00-18:00, holidays: england-and-wales } }
severities: { critical: { severity: critical, respondWithin: 15m }, high: { severity: critical, respondWithin: 30m }, medium: { severity: warning, respondWithin: 2h }, low: { severity: info, respondWithin: 8h } }
compliance:
  kingston:
    title: Compliance
    portal: kingston
    team: compliance
    calendar: office
    catalogues: [uk-wealth]
    databases: { portal: { url: 'postgres://reader@127.0.0.1/portal' } }
    obligations:
${obligations.map((name) => `      ${name}: { title: T, ruleText: r, rule: { days: 30 }, lead: 5d, register: { database: portal, query: 'select 1' } }`).join('\n')}
`;

/** Identifier, severity and kind of the main check, as the starter catalogue was specified. */
const specified = `
FIN-01 critical promql; FIN-02 critical sql; FIN-03 high sql; FIN-04 high freshness; FIN-05 critical sql; FIN-06 high sql;
FIN-07 high sql; FIN-08 high sql; FIN-09 medium deadline; FIN-10 high deadline; FIN-11 medium sql; FIN-12 high deadline;
FIN-13 critical deadline; FIN-14 high deadline; FIN-15 critical deadline; FIN-16 critical deadline; FIN-17 high promql;
FIN-18 high attestation; FIN-19 critical sql; FIN-20 high sql; FIN-21 medium attestation; FIN-22 high sql;
FIN-23 critical deadline; DPR-01 critical promql; DPR-02 high promql; DPR-03 high freshness; DPR-04 medium attestation;
DPR-05 critical deadline; DPR-06 high sql; DPR-07 medium attestation; DPR-08 high sql; DPR-09 high sql; DPR-10 medium sql;
DPR-11 high sql; DPR-12 low sql; PRV-01 critical deadline; PRV-02 high deadline; PRV-03 high sql; PRV-04 high deadline;
PRV-05 critical sql; PRV-06 medium sql; PRV-07 medium attestation; PRV-08 medium sql; PRV-09 medium sql; AUD-01 critical promql;
AUD-02 critical promql; AUD-03 high promql; AUD-04 critical promql; AUD-05 medium promql; AUD-06 high promql; AUD-07 high promql;
AUD-08 critical promql; AUD-09 medium promql; AUD-10 high sql; SEC-01 high promql; SEC-02 high promql; SEC-03 high sql;
SEC-04 critical sql; SEC-05 medium attestation; SEC-06 high promql; SEC-07 critical freshness; SEC-08 high sql; SEC-09 critical sql
`
  .split(';')
  .map((line) => line.trim().split(' '));

let controls: readonly Control[] | undefined;
function shipped(): readonly Control[] {
  if (controls !== undefined) return controls;
  const { problems, board } = readBoard(BOARD);
  if (board === undefined) throw new Error(problems.join('\n'));
  controls = board.controls;
  return controls;
}

/** The same check with another limit, or undefined for a kind whose limit stands elsewhere. */
function mutated(check: ControlCheck): readonly ControlCheck[] {
  switch (check.kind) {
    case 'promql':
    case 'sql':
    case 'http': {
      const { operator, limit, warnLimit } = check.expect;
      const other = operator.startsWith('<') ? '>=' : '<=';
      const shifted = { ...check.expect, limit: limit + (operator.startsWith('<') ? 1e6 : -1e6) };
      const changes = [{ ...check.expect, operator: other } as const, shifted];
      const warns = warnLimit === undefined ? [] : [{ operator, limit }];
      return [...changes, ...warns].map((expect) => ({ ...check, expect }));
    }
    case 'freshness': {
      const { warnAgeSeconds, ...rest } = check;
      return [{ ...check, maxAgeSeconds: check.maxAgeSeconds * 10 }, ...(warnAgeSeconds === undefined ? [] : [rest])];
    }
    case 'attestation':
      return [
        { ...check, leadDays: check.leadDays + 1 },
        { ...check, leadDays: check.leadDays - 1 },
      ];
    default:
      return [];
  }
}

describe('the starter catalogue', () => {
  test('has every specified control, with its severity and kind of check', () => {
    const found = new Map(shipped().map((control) => [control.id, control]));
    expect([...found.keys()].sort()).toEqual(specified.map(([id]) => id).sort());
    for (const [id = '', severity, kind] of specified) {
      expect([id, found.get(id)?.severity]).toEqual([id, severity]);
      expect([id, found.get(id)?.checks.map((check) => check.kind)]).toEqual([id, expect.arrayContaining([kind])]);
    }
  });

  test('says what has to be so and what to do, and marks each reference', () => {
    for (const { id, statement, guidance, references } of shipped()) {
      expect([id, statement.length > 30, (guidance ?? '').length > 10, references.length > 0]).toEqual([
        id,
        true,
        true,
        true,
      ]);
      for (const { confidence, checked } of references)
        expect([id, confidence === 'verified']).toEqual([id, checked !== undefined]);
    }
  });

  test('gives every known answer right', () => {
    const wrong = shipped().flatMap((control) =>
      runInlineTests(control).flatMap(({ isRight, test: { given, want }, got }) =>
        isRight ? [] : [`${control.id} ${JSON.stringify(given)}: ${got}, not ${want}`],
      ),
    );
    expect(wrong).toEqual([]);
  });

  test('breaks a known answer wherever a limit or a comparison is changed', () => {
    const survivors = shipped().flatMap((control) =>
      control.checks.flatMap((check, index) =>
        mutated(check).flatMap((other) => {
          const checks = control.checks.map((each, at) => (at === index ? other : each));
          const breaks = runInlineTests({ ...control, checks }).some(({ isRight }) => !isRight);
          return breaks ? [] : [`${control.id} ${JSON.stringify(other)}`];
        }),
      ),
    );
    expect(survivors).toEqual([]);
  });
});
