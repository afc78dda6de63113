import type { CellState, LandingCell, LandingSection, SectionFinding } from '../runtime/landing/section.js';
import {
  comparisonFinding,
  evidenceFindings,
  type FastChecksAt,
  staleness,
  tableFinding,
  unaccountedFinding,
} from './findings.js';
import type { TableStatus, TrailStatus } from './inspect/status.js';

const states: Readonly<Record<TableStatus['state'], CellState>> = {
  ok: 'good',
  explained: 'neutral',
  suspect: 'warning',
  confirmed: 'bad',
  unknown: 'warning',
};

export interface ShownTrail {
  readonly status: TrailStatus;
  readonly fastChecks: FastChecksAt;
}

/** Makes unknown what is only known of an earlier time. */
type Judge = (findings: readonly SectionFinding[]) => SectionFinding[];

/** What is proven of each trail, since when, and by which evidence. */
export function sections(trails: readonly ShownTrail[], nowMs: number): LandingSection[] {
  if (trails.length === 0) {
    return [
      {
        title: 'Audit trails',
        table: {
          columns: ['Trail'],
          rows: [],
          empty: 'No audit trail belongs to this process. Describe one in pack.yaml, or look at --shard.',
        },
      },
    ];
  }
  return trails.flatMap(({ status, fastChecks }) => {
    const old = staleness(fastChecks, nowMs);
    const judged = (findings: readonly SectionFinding[]) =>
      findings.map((finding): SectionFinding => {
        return old === undefined || finding.state === 'attention'
          ? finding
          : { ...finding, state: 'unknown', why: old };
      });
    return [tablesSection(status, judged), evidenceSection(status, judged), ...comparisonsSection(status, judged)];
  });
}

function tablesSection(trail: TrailStatus, judged: Judge): LandingSection {
  const since =
    trail.epoch === undefined ? 'Nothing was checked yet.' : `Counters are compared since ${trail.epoch.since}.`;
  const read =
    trail.recordsReadAt === undefined
      ? 'Records were not yet read to the end.'
      : `Records were last read to the end at ${trail.recordsReadAt}.`;
  return {
    title: `${trail.title}: ${trail.tablesCovered} of ${trail.tablesInScope} tables covered`,
    intro: `${since} ${read}`,
    table: {
      columns: ['Table', 'State', 'Since', 'Operations covered', 'Rows compared'],
      rows: trail.tables.map(tableRow),
      empty: 'No table is in scope, or the database was not seen yet.',
    },
    evidence: {
      fineMeans: 'covered, and every change is recorded',
      findings: judged(
        trail.tables.length > 0
          ? [...trail.tables.map(tableFinding), ...trail.unaccounted.map(unaccountedFinding)]
          : [{ what: trail.title, state: 'unknown', why: 'no table is in scope, or the database was not seen yet' }],
      ),
    },
  };
}

function tableRow(table: TableStatus): LandingCell[] {
  const [problem] = table.problems;
  return [
    table.table,
    { text: table.state, state: states[table.state], note: table.reason },
    table.since === undefined ? '' : { time: new Date(table.since) },
    {
      text: `${Math.round(table.coverageRatio * 100)} %`,
      state: table.coverageRatio === 1 ? 'good' : 'bad',
      ...(problem === undefined ? {} : { note: problem }),
    },
    table.comparedAt === undefined ? 'not yet' : { time: new Date(table.comparedAt) },
  ];
}

function evidenceSection(trail: TrailStatus, judged: Judge): LandingSection {
  return {
    title: `${trail.title}: evidence`,
    intro: 'What rests on evidence that cannot be seen is unknown, never fine.',
    table: {
      columns: ['Evidence', 'State', 'Fix'],
      rows: Object.entries(trail.evidence).map(([source, { state, reason, remedies: fixes }]) => [
        source.replaceAll('_', ' '),
        { text: state, state: state === 'ok' ? 'good' : 'warning', note: reason },
        fixes.join('; '),
      ]),
    },
    evidence: {
      fineMeans: 'can be seen',
      findings: judged(evidenceFindings(trail.evidence)),
    },
  };
}

function comparisonsSection(trail: TrailStatus, judged: Judge): LandingSection[] {
  const found = Object.entries(trail.comparisons);
  if (found.length === 0) return [];
  return [
    {
      title: `${trail.title}: business tables compared`,
      intro: 'What tables say of one another, without any audit record. A finding is a question, not yet a fault.',
      table: {
        columns: ['Comparison', 'Findings'],
        rows: found.map(([name, result]) => [
          name,
          result.state === 'compared'
            ? { text: `${result.findings} of ${result.checked}`, state: result.findings === 0 ? 'good' : 'warning' }
            : { text: 'unknown', state: 'warning', note: result.reason },
        ]),
      },
      evidence: { fineMeans: 'no findings', findings: judged(found.map(comparisonFinding)) },
    },
  ];
}
