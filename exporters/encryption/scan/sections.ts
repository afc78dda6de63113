import type { LandingCell, LandingSection } from '../../runtime/landing/section.js';
import { columnLabel } from './column.js';
import type { PortalWatch } from './portal-watch.js';
import { columnFinding, keyFinding, timingFinding } from './summary.js';
import { type ColumnVerdict, judge } from './verdict.js';
import type { ColumnState } from './watch.js';

/** Counts, never values. */
export function scanSections(watches: readonly PortalWatch[], nowMs: number): LandingSection[] {
  return [
    {
      title: 'Ciphertext columns',
      intro: 'What the rows look like; nothing is decrypted, and no value leaves the database or this process.',
      table: {
        columns: [
          'Portal',
          'Column',
          'Encrypted',
          'Looks like plain text',
          'Malformed',
          'Encoded or encrypted twice',
          'Unknown version',
          'Nonces used again',
          'Whole scan',
          'Now',
        ],
        rows: watches.flatMap((watch) => watch.columns().map((state) => columnRow(watch, state))),
        empty: 'No column is described; encryption.*.scan in the configuration says which.',
      },
      evidence: {
        fineMeans: 'every value is a sound ciphertext',
        findings: watches.flatMap((watch) =>
          watch.columns().map((state) =>
            columnFinding(state, watch.knowledge(state.column.key), {
              intervalMs: watch.encryption.scan?.intervalMs ?? 0,
              nowMs,
            }),
          ),
        ),
      },
    },
    {
      title: 'Keys',
      table: {
        columns: ['Portal', 'Key', 'Sensitivity', 'Rotated', 'Every', 'Now'],
        rows: watches.flatMap((watch) => keyRows(watch)),
        empty: 'No key is described.',
      },
      evidence: {
        fineMeans: 'rotated in time',
        findings: watches.flatMap((watch) => watch.keys().map((state) => keyFinding(state, nowMs))),
      },
    },
    {
      title: "The portal's own timings",
      intro: 'A second source: the portal measured itself, and we only read what it wrote.',
      table: {
        columns: ['Portal', 'Record', 'Operation', 'In a day', 'Average', 'Longest', 'Remark'],
        rows: watches.flatMap((watch) => timingRows(watch)),
        empty: 'No record of timings is described.',
      },
      evidence: {
        fineMeans: 'readable',
        findings: watches.flatMap((watch) => watch.timings().map(timingFinding)),
      },
    },
  ].filter(({ table }, index) => index === 0 || table.rows.length > 0);
}

function columnRow(watch: PortalWatch, state: ColumnState): LandingCell[] {
  const { column, whole, progress, problem } = state;
  const name = `${column.table}.${columnLabel(column)}`;
  const now: LandingCell =
    problem !== undefined
      ? { text: problem, state: 'bad' }
      : progress === undefined
        ? 'waiting'
        : `scanning, ${Math.floor(progress.ratio * 100)} %`;
  if (whole === undefined) return [watch.encryption.portal, name, '', '', '', '', '', '', 'not yet', now];
  const { states } = judge(whole.tally, column, watch.knowledge(column.key));
  const reused = whole.reuse.reduce((sum, { rows }) => sum + rows, 0);
  return [
    watch.encryption.portal,
    name,
    String(states.encrypted),
    wrong(states.plaintext_suspect),
    wrong(states.malformed),
    wrong(states.wrapped),
    versionCell(states),
    wrong(reused),
    { time: new Date(whole.endedAtMs) },
    now,
  ];
}

function versionCell({ unknown_version, revoked_version, undecided_version }: ColumnVerdict['states']): LandingCell {
  const rows = unknown_version + revoked_version;
  if (undecided_version === 0) return wrong(rows);
  return { text: String(rows), state: rows === 0 ? 'warning' : 'bad', note: `${undecided_version} not known` };
}

function wrong(rows: number): LandingCell {
  return { text: String(rows), state: rows === 0 ? 'good' : 'bad' };
}

function keyRows(watch: PortalWatch): LandingCell[][] {
  return watch
    .keys()
    .map(({ key, knowledge, problem }) => [
      watch.encryption.portal,
      key.title,
      key.sensitivity,
      knowledge.rotatedAtSeconds === undefined ? 'not known' : { time: new Date(knowledge.rotatedAtSeconds * 1000) },
      `${key.rotateEveryDays} days`,
      problem === undefined ? { text: 'known', state: 'good' } : { text: problem, state: 'warning' },
    ]);
}

function timingRows(watch: PortalWatch): LandingCell[][] {
  return watch.timings().flatMap(({ source, recorded, problem }) => {
    const row = (operation: string, rest: LandingCell[]): LandingCell[] => [
      watch.encryption.portal,
      source.name,
      operation,
      ...rest,
    ];
    if (recorded === undefined) return [row('', ['', '', '', { text: problem ?? 'not read yet', state: 'warning' }])];
    const remark = recorded.note ?? '';
    if (recorded.operations.length === 0) return [row('', ['0', '', '', remark])];
    return recorded.operations.map(({ operation, count, averageSeconds, maxSeconds }) =>
      row(operation, [String(count), milliseconds(averageSeconds), milliseconds(maxSeconds), remark]),
    );
  });
}

function milliseconds(seconds: number | undefined): string {
  return seconds === undefined ? '' : `${(seconds * 1000).toFixed(1)} ms`;
}
