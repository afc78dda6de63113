import { z } from 'zod';
import { path } from '../../portal/schema/requests.js';
import { jsonPath } from '../../reading/schema/patterns.js';
import { count, exactNumber, expected, list, name, oneOf, section, text } from '../../reading/schema/say.js';
import { days, duration } from '../../reading/schema/units.js';
import { checkKinds, comparisonOperators, reductions } from '../model/check.js';

const units = ['count', 'ratio', 'seconds', 'days', 'boolean'] as const;

const expectation = section({
  is: oneOf(comparisonOperators).describe('How the value is compared with the limit.'),
  limit: exactNumber().describe('What the value is compared with.'),
  warn: exactNumber()
    .exactOptional()
    .describe('A value that still passes and does not keep this limit is at risk; compared in the same way.'),
}).describe('What the value must be.');

const common = {
  title: text().describe('What is checked, in words.'),
  unit: oneOf(units).prefault('count').describe('Unit of the value. Default count.'),
  failsAfter: duration()
    .exactOptional()
    .describe('A failure counts when evaluations have found it for this long. Default: at once.'),
};

const databaseName = () => name().describe('Database of databases: of the board.');

const promql = section({
  kind: z.literal('promql').describe('A query of Prometheus.'),
  ...common,
  query: text().describe('Bare expression, without a comparison: the exporter compares.'),
  reduce: oneOf(reductions).prefault('max').describe('How several series become one number. Default max.'),
  expect: expectation,
  onEmpty: oneOf(['unknown', 'zero'])
    .prefault('unknown')
    .describe('What no series mean; zero needs alive:. Default unknown.'),
  minSeries: count(1, 100_000).prefault(1).describe('Fewer series are unknown. Default 1.'),
  alive: text()
    .exactOptional()
    .describe('Query that gives 1 for each source while it is alive, such as up{job="audit-trail"}.'),
});

const sql = section({
  kind: z.literal('sql').describe('A query of a database.'),
  ...common,
  database: databaseName(),
  query: text().describe('Gives one row with one number, value; a column as_of says how old it is. Read only.'),
  expect: expectation,
});

const http = section({
  kind: z.literal('http').describe('A path of the portal, without logging in.'),
  ...common,
  path: path().describe('Path below the base URL of the portal.'),
  status: count(100, 599).prefault(200).describe('Status that is expected. Default 200.'),
  json: jsonPath()
    .exactOptional()
    .describe('JSON path to one number or boolean. Default: the value is 1 with the status, else 0.'),
  expect: expectation,
});

const freshness = section({
  kind: z.literal('freshness').describe('Something happened recently enough.'),
  ...common,
  query: text().describe(
    'PromQL that gives seconds since 1970, or with database: SQL that gives one timestamptz, value.',
  ),
  database: databaseName().exactOptional(),
  maxAge: duration().describe('Longest time since it happened.'),
  warnAge: duration().exactOptional().describe('After this time it is at risk.'),
});

const deadline = section({
  kind: z.literal('deadline').describe('Every open case of an obligation is inside its deadline.'),
  ...common,
  obligation: name().describe('Obligation of obligations: of the board.'),
});

const attestation = section({
  kind: z.literal('attestation').describe('A person states it, and the statement expires.'),
  ...common,
  everyMonths: count(1, 60).describe('Longest time between two statements, in calendar months.'),
  lead: days(366).prefault('30d').describe('Time before the end in which it is at risk. Default 30d.'),
});

const imported = section({
  kind: z.literal('imported').describe('Results of another tool.'),
  ...common,
  from: name().describe('Import of imports: of the board.'),
  identifiers: list(text(), 'identifiers')
    .min(1, { error: expected('at least one identifier') })
    .describe("The tool's own identifiers; all must be there and pass."),
});

const composite = section({
  kind: z.literal('composite').describe('Enough of other checks of this control pass.'),
  ...common,
  of: list(name(), 'names of checks')
    .min(2, { error: expected('at least two checks') })
    .describe('Names of checks of this control; they count only through this one.'),
  atLeast: count(1, 100).describe('How many must pass.'),
});

export const controlCheck = z.discriminatedUnion(
  'kind',
  [promql, sql, http, freshness, deadline, attestation, imported, composite],
  {
    error: (issue) =>
      expected(
        issue.code === 'invalid_union'
          ? `one of ${checkKinds.join(', ')}`
          : `a map with a kind: of ${checkKinds.join(', ')}`,
      ),
  },
);
export type ParsedControlCheck = z.output<typeof controlCheck>;
