import { auditMetrics as m } from '../../../pack/audit-trail/metrics.js';
import { auditTableCodes, auditRecorded as r } from '../../../pack/audit-trail/recorded.js';
import { type DashboardRow, dashboard } from '../kit/dashboard.js';
import { baseline, colours, field, fixed, shades, thresholds, words } from '../kit/fields.js';
import { stat, stateTimeline, timeseries } from '../kit/panels.js';
import type { Dashboard, Panel } from '../kit/types.js';
import { labelVariable } from '../kit/variables.js';
import { auditEvidence } from './evidence.js';
import { instant, series, trailSelector, within } from './queries.js';
import { auditSeal } from './seal.js';
import { auditedTables } from './tables.js';
import { auditTableWords, auditTrailWords } from './words.js';

/** From the one question (is it complete?) to what each answer rests on. */
export function auditTrailDashboard(): Dashboard {
  return dashboard({
    uid: 'kop-audit-trail',
    title: 'Audit trail',
    description:
      'Whether every change has its record, whether records are what they were, and what that is known from.',
    from: 'now-6h',
    variables: [
      labelVariable('portal', 'Portal', `${m.info.name}, portal`),
      labelVariable('trail', 'Trail', `${m.info.name}{portal="$portal"}, trail`),
    ],
    rows: [answer(), findings(), auditEvidence(), auditSeal(), records()],
  });
}

function answer(): DashboardRow {
  return {
    title: 'Is the trail $trail of $portal complete?',
    lines: [
      {
        height: 4,
        panels: [
          [4, state()],
          [4, covered()],
          [8, byState()],
          [4, looked()],
          [4, roles()],
        ],
      },
      { height: 13, panels: [[24, auditedTables(trailSelector)]] },
      { height: 13, panels: [[24, timeline()]] },
    ],
  };
}

function state(): Panel {
  return stat({
    title: 'State',
    description:
      'Proven; at risk (an alert, or a suspicion); broken (a proven fault, a failed verification); absent; unproven (a table is ' +
      'unknown); no data (nobody has looked for ten minutes).',
    unit: 'none',
    colour: 'background',
    targets: [instant(`max(${r.state.name}${trailSelector})`)],
    mappings: auditTrailWords,
  });
}

function covered(): Panel {
  return stat({
    title: 'Tables covered',
    description: 'Tables with an effective trigger for every operation that must be recorded, of those in scope.',
    unit: 'short',
    targets: [
      instant(`max(${m.tablesCovered.name}${trailSelector})`, 'Covered'),
      instant(`max(${m.tablesInScope.name}${trailSelector})`, 'In scope'),
    ],
    thresholds: thresholds({ value: null, color: 'text' }),
    overrides: [
      field('Covered', { thresholds: thresholds({ value: null, color: colours.bad }, { value: 1, color: 'text' }) }),
    ],
  });
}

function byState(): Panel {
  const known = `count(${r.tableState.name}${trailSelector})`;
  const count = (code: number) => `count(${r.tableState.name}${trailSelector} == ${code}) or 0 * ${known}`;
  const lit = (colour: string) => ({
    thresholds: thresholds({ value: null, color: 'text' }, { value: 1, color: colour }),
  });
  return stat({
    title: 'Tables by state',
    description:
      'Ok; explained (a tripwire with an innocent reason); suspect (being looked into); fault proven; unknown (it cannot be told).',
    unit: 'short',
    targets: [
      instant(count(auditTableCodes.ok), 'Ok'),
      instant(count(auditTableCodes.explained), 'Explained'),
      instant(count(auditTableCodes.suspect), 'Suspect'),
      instant(count(auditTableCodes.confirmed), 'Fault proven'),
      instant(
        `count(${r.tableState.name}${trailSelector} >= ${auditTableCodes.unknown} <= ${auditTableCodes.noData}) or 0 * ${known}`,
        'Unknown',
      ),
    ],
    mappings: words([], 'No data'),
    overrides: [
      field('Ok', lit(colours.good)),
      field('Explained', lit(colours.neutral)),
      field('Suspect', lit(colours.warning)),
      field('Fault proven', lit(colours.bad)),
      field('Unknown', lit(colours.unknown)),
    ],
  });
}

function looked(): Panel {
  return stat({
    title: 'Last looked',
    description: 'When the observer last looked at triggers and counters. Old means that everything else here is old.',
    unit: 'dateTimeFromNow',
    noValue: 'Never',
    targets: [instant(`1000 * (max(max_over_time(${m.lastCheck.name}${within('check="tripwires"')}[1d])) > 0)`)],
    thresholds: thresholds({ value: null, color: 'text' }),
  });
}

function roles(): Panel {
  return stat({
    title: 'Bypassing roles',
    description:
      'Roles that could change data or records unseen: superusers, owners, and roles with rights on the records. Checkpoints ' +
      'outside the database are what shows their deeds.',
    unit: 'short',
    noValue: 'Unknown',
    targets: [instant(`sum(max by (exposure) (${m.bypassRoles.name}${trailSelector}))`)],
    thresholds: thresholds({ value: null, color: 'text' }),
  });
}

function timeline(): Panel {
  return stateTimeline({
    title: 'State of each table',
    description: 'How the state of each table changed. Where nothing is drawn, the table was not known.',
    expr: `max by (table) (${r.tableState.name}${trailSelector})`,
    subject: 'table',
    nothing: { text: 'No table has been seen', code: auditTableCodes.noData },
    mappings: auditTableWords,
  });
}

function findings(): DashboardRow {
  return {
    title: 'Findings',
    lines: [
      {
        height: 8,
        panels: [
          [6, faultsFound()],
          [6, residuals()],
          [6, unaccounted()],
          [6, mismatches()],
        ],
      },
    ],
  };
}

function faultsFound(): Panel {
  const each = (metric: string, title: string) =>
    series(`sum by (table) (increase(${metric}${trailSelector}[$__rate_interval])) > 0`, `${title}: {{table}}`);
  return timeseries({
    title: 'Confirmed faults',
    description:
      'Changes without a record, and records without a change, when exact checks confirmed them. The line at zero says that there was ' +
      'looking.',
    noValue: 'No data: there are no records that could be checked',
    unit: 'short',
    min: 0,
    draw: 'bars',
    stacked: true,
    targets: [
      each(m.missing.name, 'missing'),
      each(m.unexplained.name, 'unexplained'),
      series(
        `0 * sum(increase(${m.records.name}${trailSelector}[$__rate_interval])) unless on () (max(${m.evidenceState.name}${within('source="records", state="unknown"')}) == 1)`,
        'looked at',
      ),
    ],
    overrides: [shades('^missing', 'red'), shades('^unexplained', 'purple'), baseline('looked at')],
  });
}

function residuals(): Panel {
  return timeseries({
    title: 'Counters that must agree',
    description:
      'Row changes less calls of the trigger, calls less records, records less ids given out, and records that were changed. ' +
      'Each must be 0; a gap is a time in which it could not be told.',
    unit: 'short',
    targets: [series(`max by (invariant) (${m.counterMismatch.name}${trailSelector})`, '{{invariant}}')],
    softMax: 1,
    noValue: 'No data: counters cannot be compared for this trail',
    overrides: [
      fixed('operations_calls', colours.bad),
      fixed('calls_records', 'orange'),
      fixed('records_sequence', colours.unknown),
      fixed('records_mutated', colours.neutral),
    ],
  });
}

function unaccounted(): Panel {
  return timeseries({
    title: 'Changes that nothing accounts for',
    description:
      'Counted changes that exact checks neither confirmed nor explained, until a baseline is declared. The bars show when they came: ' +
      'above, changes without a call or calls without a record; below, the reverse.',
    unit: 'short',
    min: 0,
    softMax: 1,
    targets: [
      series(`max by (invariant, direction) (${m.unaccounted.name}${trailSelector})`, '{{invariant}}, {{direction}}'),
      series(
        `sum by (direction) (increase(${m.unaccountedTotal.name}${trailSelector}[$__rate_interval])) > 0`,
        'new: {{direction}}',
      ),
    ],
    noValue: 'No data: counters were not compared for this trail yet',
    overrides: [fixed('new: above', colours.bad), fixed('new: below', 'orange')],
  });
}

function mismatches(): Panel {
  return timeseries({
    title: 'Rows that differ from their last record',
    description: 'By replaying the trail: rows that are there and should not be, are missing, or are different.',
    unit: 'short',
    min: 0,
    softMax: 1,
    targets: [series(`sum by (kind) (${m.replayMismatches.name}${trailSelector})`, '{{kind}}')],
    noValue: 'No data: no whole sweep has ended yet',
    overrides: [
      fixed('missing_record', colours.bad),
      fixed('different', 'orange'),
      fixed('resurrected', colours.unknown),
      fixed('missing_live', colours.neutral),
    ],
  });
}

function records(): DashboardRow {
  return {
    title: 'Records',
    lines: [
      {
        height: 8,
        panels: [
          [8, volume()],
          [8, actors()],
          [8, lacking()],
        ],
      },
      {
        height: 8,
        panels: [
          [8, lag()],
          [8, events()],
          [8, comparisons()],
        ],
      },
    ],
  };
}

function volume(): Panel {
  return timeseries({
    title: 'Records per minute',
    description: 'Audit records read, by operation.',
    unit: 'short',
    min: 0,
    stacked: true,
    targets: [
      series(`60 * sum by (operation) (rate(${m.records.name}${trailSelector}[$__rate_interval]))`, '{{operation}}'),
    ],
  });
}

function actors(): Panel {
  return timeseries({
    title: 'Who did it',
    description: 'Records per minute by kind of actor. "shared" names an account, not a person; "none" names nobody.',
    unit: 'short',
    min: 0,
    stacked: true,
    targets: [series(`60 * sum by (kind) (rate(${m.actors.name}${trailSelector}[$__rate_interval]))`, '{{kind}}')],
    overrides: [
      fixed('none', colours.bad),
      fixed('shared', 'orange'),
      fixed('human', colours.good),
      fixed('machine', colours.neutral),
    ],
  });
}

function lacking(): Panel {
  const all = `sum(rate(${m.records.name}${trailSelector}[$__rate_interval]))`;
  return timeseries({
    title: 'Records that lack a required field',
    description: 'Share of the records read that do not say who, when, to what, or why.',
    unit: 'percentunit',
    min: 0,
    softMax: 0.02,
    targets: [
      series(
        `sum by (field) (rate(${m.attributionMissing.name}${trailSelector}[$__rate_interval])) / on () group_left () (${all} > 0)`,
        '{{field}}',
      ),
    ],
    noValue: 'No data: no records were read',
  });
}

function lag(): Panel {
  const quantile = (q: number) =>
    `histogram_quantile(${q}, sum by (le) (rate(${m.writeLag.name}_bucket${trailSelector}[$__rate_interval])))`;
  return timeseries({
    title: 'Delays',
    description:
      'From a change to its record (0 for triggers), the oldest open transaction, and the oldest record that no checkpoint covers.',
    unit: 's',
    min: 0,
    softMax: 10,
    targets: [
      series(`${quantile(0.99)} >= 0`, '99 % of records within'),
      series(`max(${m.watermarkLag.name}${trailSelector})`, 'Oldest open transaction'),
      series(`max(${m.sealLag.name}${trailSelector})`, 'Oldest unsealed record'),
    ],
  });
}

function events(): Panel {
  const each = (metric: string, label: string, title: string) =>
    series(`sum by (${label}) (increase(${metric}${trailSelector}[$__rate_interval])) > 0`, `${title}: {{${label}}}`);
  return timeseries({
    title: 'Things that happened to it',
    description:
      'Changed triggers and functions, new statistics epochs, impossible times, broken ids. A restart of PostgreSQL is among them.',
    unit: 'short',
    min: 0,
    draw: 'bars',
    stacked: true,
    noValue: 'Nothing in this time',
    targets: [
      each(m.fingerprintChanges.name, 'object', 'changed'),
      each(m.epochChanges.name, 'reason', 'new epoch'),
      each(m.timeViolations.name, 'kind', 'time'),
      each(m.identityBreaks.name, 'kind', 'id'),
    ],
  });
}

function comparisons(): Panel {
  return timeseries({
    title: 'Business tables that contradict each other',
    description: 'Rows that comparisons of business tables found unlogged or orphaned. They need no audit table.',
    unit: 'short',
    min: 0,
    softMax: 1,
    noValue: 'No data: no comparison is described for this trail',
    targets: [series(`max by (comparison) (${m.comparisonFindings.name}${trailSelector})`, '{{comparison}}')],
  });
}
