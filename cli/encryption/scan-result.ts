import { styleText } from 'node:util';
import { columnLabel } from '../../exporters/encryption/scan/column.js';
import type { ColumnOutcome } from '../../exporters/encryption/scan/scan-once.js';

const headings = [
  'column',
  'rows',
  'encrypted',
  'plain text?',
  'malformed',
  'encoded twice',
  'unknown version',
  'revoked',
  'null',
  'nonce reuse',
];

export function resultLines(outcomes: readonly ColumnOutcome[]): string[] {
  const rows = outcomes.map(cells);
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  const whole = rows.filter((row) => row.length > 1);
  return [...(whole.length === 0 ? [] : [line(headings), ...whole.map(line)]), ...outcomes.flatMap(remarks)];
}

function cells(outcome: ColumnOutcome): string[] {
  const name = nameOf(outcome);
  if ('problem' in outcome) return [name];
  const { states } = outcome.verdict;
  const { encrypted, plaintext_suspect, malformed, wrapped, unknown_version, revoked_version } = states;
  const wrong = [plaintext_suspect, malformed, wrapped, unknown_version, revoked_version];
  const counts = [outcome.whole.tally.rows, encrypted, ...wrong, states.null];
  return [name, ...[...counts, reused(outcome.whole.reuse)].map(String)];
}

function remarks(outcome: ColumnOutcome): string[] {
  if ('problem' in outcome) {
    const what = outcome.wasStopped
      ? 'stopped; the same command goes on from here'
      : `could not be looked at: ${outcome.problem}`;
    return [colour('red', `${nameOf(outcome)}: ${what}`)];
  }
  const { column, verdict, whole, keyProblem } = outcome;
  const name = nameOf(outcome);
  const { undecided_version } = verdict.states;
  const versions = verdict.versions.filter(([, rows]) => rows > 0).map(([version, rows]) => `${version} ${rows}`);
  return [
    ...(versions.length === 0 ? [] : [`${name}: key versions ${versions.join(', ')}`]),
    ...places(outcome),
    ...(verdict.shortText === undefined
      ? []
      : [`${name}: plain text? ${verdict.shortText} short values: each may read as text by chance, but not so many`]),
    ...(keyProblem === undefined
      ? []
      : [colour('red', `${name}: key versions not checked: key '${column.key ?? ''}': ${keyProblem}`)]),
    ...(undecided_version === 0
      ? []
      : [`${name}: ${undecided_version} rows under key versions whose status is unknown`]),
    ...(whole.copies === 0 ? [] : [`${name}: ${whole.copies} rows have the whole ciphertext of another row`]),
    ...(whole.reuse.length === 0
      ? []
      : [colour('red', `${name}: ${whole.reuse.length} nonces were used again; that key is compromised, rotate it`)]),
  ];
}

const words = { plaintext_suspect: 'plain text?', malformed: 'malformed', wrapped: 'encoded twice' } as const;
const SHOWN_PLACES = 5;

/** As ranges of the primary key of the length of a batch, the best resolution of counts. */
function places({ column, whole }: Extract<ColumnOutcome, { whole: unknown }>): string[] {
  const name = `${column.table}.${columnLabel(column)}`;
  const lines = whole.findings.slice(0, SHOWN_PLACES).map(({ state, after, upTo, rows }) => {
    const from = after === undefined ? 'from the beginning' : `after ${after}`;
    return `${name}: ${words[state]} ${rows} with ${column.primaryKey} ${from} up to ${upTo}`;
  });
  return whole.findings.length > SHOWN_PLACES ? [...lines, `${name}: and elsewhere; --json says where`] : lines;
}

export function toJson(outcomes: readonly ColumnOutcome[]): string {
  const columns = outcomes.map((outcome) => {
    const { table, sensitivity } = outcome.column;
    const head = { table, column: columnLabel(outcome.column), sensitivity };
    if ('problem' in outcome) return { ...head, problem: outcome.problem, stopped: outcome.wasStopped };
    const { verdict, whole, keyProblem } = outcome;
    return {
      ...head,
      rows: whole.tally.rows,
      states: verdict.states,
      versions: Object.fromEntries(verdict.versions),
      ...(keyProblem === undefined ? {} : { versionsNotChecked: keyProblem }),
      ...(verdict.progressRatio === undefined ? {} : { reencryptionProgressRatio: verdict.progressRatio }),
      ...(whole.findings.length === 0 ? {} : { primaryKey: outcome.column.primaryKey, findings: whole.findings }),
      ...(verdict.shortText === undefined ? {} : { shortReadableRows: verdict.shortText }),
      nonceReuseRows: reused(whole.reuse),
      ciphertextCopies: whole.copies,
      startedAt: new Date(whole.startedAtMs).toISOString(),
      endedAt: new Date(whole.endedAtMs).toISOString(),
    };
  });
  return JSON.stringify({ columns }, undefined, 2);
}

function reused(groups: readonly { readonly rows: number }[]): number {
  return groups.reduce((sum, { rows }) => sum + rows, 0);
}

function nameOf({ column }: ColumnOutcome): string {
  return `${column.table}.${columnLabel(column)}`;
}

function colour(style: 'red', text: string): string {
  return styleText(style, text, { stream: process.stdout });
}
