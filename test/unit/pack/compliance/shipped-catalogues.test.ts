import { parser } from '@prometheus-io/lezer-promql';
import { describe, expect, test } from 'vitest';
import { runInlineTests } from '../../../../exporters/compliance/status/inline-tests.js';
import { shippedCatalogues } from '../../../../pack/compliance/documents.js';
import { firmViews } from '../../../../pack/compliance/firm-views.js';
import type { Control, ControlCheck } from '../../../../pack/compliance/model/index.js';
import { catalogue as seriesCatalogue } from '../../../../pack/metric-catalogue.js';
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
  'regulatory-reports',
  'financial-crime-report',
  'fca-notifications',
  'operational-incidents',
  'client-money-reconciliations',
  'consumer-requests',
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
    catalogues: [uk-wealth, soc2, us-adviser]
    databases: { portal: { url: 'postgres://reader@127.0.0.1/portal' } }
    obligations:
${obligations.map((name) => `      ${name}: { title: T, ruleText: r, rule: { days: 30 }, lead: 5d, register: { database: portal, query: 'select 1' } }`).join('\n')}
`;

/** Identifier, severity and kind of the main check, as each catalogue was specified. */
const specified: Readonly<Record<string, string>> = {
  'uk-wealth': `
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
`,
  soc2: `CC6.1 critical sql; CC6.2 high attestation; CC6.3 high attestation; A1.1 high promql; A1.2 critical freshness;
C1.1 critical promql; C1.2 high attestation`,
  'us-adviser': `USA-01 critical promql; USA-02 high sql; USA-03 high attestation; USA-04 high attestation; USA-05 medium attestation;
USA-06 critical promql; USA-07 critical promql; USA-08 high deadline; USA-09 critical sql; USA-10 high sql`,
};

let controls: readonly Control[] | undefined;
/** Of all catalogues on one board, so that no identifier is in two of them. */
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

test('each shipped catalogue is specified here', () => {
  expect(Object.keys(specified).sort()).toEqual(shippedCatalogues());
});

describe('the shipped catalogues', () => {
  test.each(Object.keys(specified))('%s has every specified control, with its severity and kind of check', (name) => {
    const lines = (specified[name] ?? '').split(';').map((line) => line.trim().split(' '));
    const own = shipped().filter(({ catalogue }) => catalogue === name);
    const found = new Map(own.map((control) => [control.id, control]));
    expect([...found.keys()].sort()).toEqual(lines.map(([id]) => id).sort());
    for (const [id = '', severity, kind] of lines) {
      expect([id, found.get(id)?.severity]).toEqual([id, severity]);
      expect([id, found.get(id)?.checks.map((check) => check.kind)]).toEqual([id, expect.arrayContaining([kind])]);
    }
  });

  test('say what has to be so and what to do, and mark each reference', () => {
    for (const { id, statement, guidance, references, catalogue } of shipped()) {
      expect([id, statement.length > 30, (guidance ?? '').length > 10, references.length > 0]).toEqual([
        id,
        true,
        true,
        true,
      ]);
      for (const { confidence, checked } of references)
        expect([id, confidence === 'verified']).toEqual([id, checked !== undefined]);
      // Nobody has read the rules of these for the catalogue.
      if (catalogue !== 'uk-wealth')
        expect(new Set(references.map((each) => each.confidence))).toEqual(new Set(['listed']));
    }
  });

  test('give every known answer right', () => {
    const wrong = shipped().flatMap((control) =>
      runInlineTests(control).flatMap(({ isRight, test: { given, want }, got }) =>
        isRight ? [] : [`${control.id} ${JSON.stringify(given)}: ${got}, not ${want}`],
      ),
    );
    expect(wrong).toEqual([]);
  });

  test('break a known answer wherever a limit or a comparison is changed', () => {
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

  test('have a known answer for each state that a control can have', () => {
    for (const { id, checks, tests } of shipped()) {
      const canFail = checks.some(({ kind }) => kind !== 'attestation');
      const isWarned = checks.some(
        (check) =>
          ['deadline', 'attestation'].includes(check.kind) ||
          ('expect' in check && check.expect.warnLimit !== undefined) ||
          ('warnAgeSeconds' in check && check.warnAgeSeconds !== undefined),
      );
      const states = ['compliant', 'unknown', ...(canFail ? ['non_compliant'] : []), ...(isWarned ? ['at_risk'] : [])];
      expect([id, tests.map(({ want }) => want)]).toEqual([id, expect.arrayContaining(states)]);
    }
  });

  test('ask Prometheus only for metrics that the pack exposes or records, and whose labels it has', () => {
    const known = seriesCatalogue(['5m', '30m', '1h', '2h', '6h', '1d', '3d']);
    const asked = shipped().flatMap((control) =>
      control.checks.flatMap((check) => queriesOf(check).flatMap((query) => selectorsIn(query))),
    );
    expect(asked.length).toBeGreaterThan(50);
    expect(asked.flatMap(({ labels }) => labels)).toEqual(expect.arrayContaining(['exposure', 'state', 'exporter']));
    for (const { metric, labels } of asked) {
      // The certificate of a portal may also be measured by the blackbox exporter.
      if (metric === 'probe_ssl_earliest_cert_expiry') continue;
      const series = known.get(metric);
      expect([metric, series?.labels]).toEqual([metric, expect.arrayContaining([...labels])]);
    }
  });
});

test('the views that shipped controls read are described, and each described column is read', () => {
  const queries = shipped().flatMap(({ checks }) => checks.flatMap(sqlOf));
  const read = new Set(queries.flatMap((query) => query.match(/(?<=\bcompliance\.)[a-z_]+/g) ?? []));
  expect([...read].sort()).toEqual(firmViews.map(({ name }) => name));
  for (const { name, columns } of firmViews) {
    const own = queries.filter((query) => new RegExp(`compliance\\.${name}\\b`).test(query)).join('\n');
    const unread = columns.filter((column) => !new RegExp(`\\b${column.name}\\b`).test(own));
    expect([name, unread]).toEqual([name, []]);
  }
});

function sqlOf(check: ControlCheck): readonly string[] {
  if (check.kind === 'sql') return [check.query];
  return check.kind === 'freshness' && check.source.kind === 'sql' ? [check.source.query] : [];
}

function queriesOf(check: ControlCheck): readonly string[] {
  if (check.kind === 'promql') return [check.query, ...(check.aliveQuery === undefined ? [] : [check.aliveQuery])];
  return check.kind === 'freshness' && check.source.kind === 'promql' ? [check.source.query] : [];
}

function selectorsIn(query: string): readonly { readonly metric: string; readonly labels: readonly string[] }[] {
  const found: { metric: string; labels: string[] }[] = [];
  parser.parse(query).iterate({
    enter({ name, node, from, to }) {
      const text = query.slice(from, to);
      if (name === 'Identifier' && node.parent?.name === 'VectorSelector') found.push({ metric: text, labels: [] });
      if (name === 'LabelName' && node.parent?.name !== 'GroupingLabels') found.at(-1)?.labels.push(text);
    },
  });
  return found;
}
