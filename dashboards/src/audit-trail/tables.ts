/** Tables about audit trails that both the overview and the trail's own dashboard draw from. */

import { auditMetrics as m } from '../../../pack/audit-trail/metrics.js';
import { auditTableCodes, auditRecorded as r } from '../../../pack/audit-trail/recorded.js';
import { age, colouredCell, faults, type JoinedColumn, joinedTable, share } from '../kit/joined-table.js';
import type { Panel } from '../kit/types.js';
import { filledIn } from '../kit/variables.js';
import { auditTableWords, auditTrailWords } from './words.js';

/** One line for each trail, worst first. */
export function trailTable(): Panel {
  const by = (expr: string) => `max by (portal, trail) (${expr})`;
  const identity = `max by (portal, trail, title, team) (${r.identity.name})`;
  const known = `count by (portal, trail) (${r.tableState.name})`;
  const inState = (code: number) => `count by (portal, trail) (${r.tableState.name} == ${code}) or 0 * ${known}`;
  const counted = (title: string, code: number, color: string): JoinedColumn => ({
    title,
    expr: inState(code),
    nothing: 'No data',
    properties: { ...faults(color, 'No data'), 'custom.width': 115 },
  });
  return joinedTable({
    title: 'Audit trails',
    description:
      'Every audit trail. "Proven" needs every table to be covered and every change to have its record; "Unproven" means that ' +
      'nobody can say, "Absent" that the portal records no changes at all, "No data" that nobody looks.',
    nobody: 'No audit trail is described, or nobody has looked for an hour',
    identity,
    key: ['portal', 'trail'],
    labels: {
      title: {
        title: 'Audit trail',
        properties: {
          'custom.minWidth': 220,
          links: [
            {
              title: 'Show this trail',
              url: `/d/kop-audit-trail?var-datasource=${filledIn('datasource')}&var-portal=${filledIn('__data.fields.Portal')}&var-trail=${filledIn('__data.fields.Trail')}&${filledIn('__url_time_range')}`,
            },
          ],
        },
      },
      team: { title: 'Team', properties: { 'custom.width': 105 } },
      portal: { title: 'Portal', properties: { 'custom.width': 85 } },
      trail: { title: 'Trail', properties: { 'custom.hidden': true } },
    },
    leading: ['title'],
    columns: [
      {
        title: 'State',
        expr: by(r.state.name),
        nothing: 'No data',
        properties: {
          mappings: auditTrailWords,
          'custom.cellOptions': colouredCell,
          'custom.width': 100,
          'custom.align': 'center',
        },
      },
      {
        title: 'In scope',
        expr: by(m.tablesInScope.name),
        nothing: 'No data',
        properties: { unit: 'short', 'custom.width': 80 },
      },
      {
        title: 'Covered',
        expr: `${by(m.tablesCovered.name)} / (${by(m.tablesInScope.name)} > 0)`,
        nothing: 'No data',
        properties: { ...share(1, 0.5), 'custom.width': 140 },
      },
      counted('Fault proven', auditTableCodes.confirmed, 'red'),
      counted('Suspect', auditTableCodes.suspect, 'dark-orange'),
      counted('Unknown', auditTableCodes.unknown, 'purple'),
      {
        title: 'Last looked',
        expr: `1000 * (max by (portal, trail) (max_over_time(${m.lastCheck.name}{check="tripwires"}[1d])) > 0)`,
        nothing: 'Never',
        properties: age('Never'),
      },
      {
        title: 'Newest checkpoint',
        expr: `1000 * (max by (portal, trail) (max_over_time(${m.checkpointTime.name}[1d])) > 0)`,
        nothing: 'No seal',
        properties: age('No seal'),
      },
    ],
    sortBy: { displayName: 'State', desc: true },
  });
}

/** One line for each table of a trail. `selector` limits it, such as `{trail="$trail"}`. */
export function auditedTables(selector: string): Panel {
  const by = (expr: string) => `max by (table) (${expr})`;
  const daily = (metric: string) => known(`round(sum by (table) (increase(${metric}${selector}[1d])))`);
  const isUnknown = `${by(`${r.tableState.name}${selector}`)} >= ${auditTableCodes.unknown} <= ${auditTableCodes.noData}`;
  /** Of a table that nobody can look at, none found is not the same as none. */
  const known = (count: string) => `(${count} > 0) or (${count} unless on (table) (${isUnknown}))`;
  const found = (title: string, expr: string, nothing: string): JoinedColumn => ({
    title,
    expr,
    nothing,
    properties: { ...faults('red', nothing), 'custom.width': 120 },
  });
  return joinedTable({
    title: 'Tables',
    description:
      'Every table in scope. "Complete" is the share of the changes of this statistics epoch that have a record; it is empty when ' +
      'that is not known. Counts are of the last day; "Rows differing" of the last whole sweep.',
    nobody: 'No table has been seen',
    identity: by(`${r.tableState.name}${selector}`),
    key: ['table'],
    labels: { table: { title: 'Table', properties: { 'custom.minWidth': 210 } } },
    leading: ['table'],
    columns: [
      {
        title: 'State',
        expr: by(`${r.tableState.name}${selector}`),
        nothing: 'No data',
        properties: {
          mappings: auditTableWords,
          'custom.cellOptions': colouredCell,
          'custom.width': 110,
          'custom.align': 'center',
        },
      },
      {
        title: 'Covered',
        expr: by(`${m.coverage.name}${selector}`),
        nothing: 'No data',
        properties: { ...share(1, 0.5), 'custom.width': 130 },
      },
      {
        title: 'Complete',
        expr: by(`${m.completeness.name}${selector}`),
        nothing: 'Unknown',
        properties: { ...share(1, 0.999), decimals: 2, 'custom.width': 140 },
      },
      found('Missing', daily(m.missing.name), 'Unknown'),
      found('Unexplained', daily(m.unexplained.name), 'Unknown'),
      found('Breaks', daily(m.continuityBreaks.name), 'Unknown'),
      found('Rows differing', `sum by (table) (${m.replayMismatches.name}${selector})`, 'No sweep yet'),
      {
        title: 'Records, 1 h',
        expr: `round(sum by (table) (increase(${m.records.name}${selector}[1h])))`,
        nothing: 'No data',
        properties: { unit: 'short', decimals: 0, 'custom.width': 110 },
      },
      {
        title: 'Last whole sweep',
        expr: `1000 * (${by(`${m.replayEnd.name}${selector}`)} > 0)`,
        nothing: 'None yet',
        properties: age('None yet', 150),
      },
    ],
    sortBy: { displayName: 'State', desc: true },
  });
}
