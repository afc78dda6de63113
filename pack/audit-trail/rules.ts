import type { Judged as JudgedBy, Rule } from '../domain.js';
import { check } from '../policy/rules/references.js';
import { durationText } from '../reading/durations.js';
import { namesIn } from '../reading/names.js';
import type { KeyPath } from '../reading/source-node.js';
import { suggest } from '../reading/suggest.js';
import type { AuditColumns } from './model.js';
import { auditPresets } from './presets.js';
import type { ParsedAuditRecords } from './schema/records.js';
import type { ParsedAuditTrail } from './schema/trail.js';

type Judged = JudgedBy<ParsedAuditTrail>;

/** A trail speaks of what is described, and its parts fit together. */
export const auditTrails: Rule<ParsedAuditTrail> = (judged) => {
  for (const [name, trail] of Object.entries(judged.own)) {
    const path = ['auditTrails', name];
    check(judged, [...path, 'portal'], trail.portal, 'portal', namesIn(judged.root, 'portals'));
    check(judged, [...path, 'team'], trail.team, 'team', namesIn(judged.root, 'teams'));
    scope(judged, trail, [...path, 'scope']);
    if (trail.records !== undefined) {
      records(judged, trail.records, [...path, 'records']);
    }
    observe(judged, trail, [...path, 'observe']);
    seal(judged, trail, [...path, 'seal']);
    if (Array.isArray(trail.comparisons)) twice(judged, trail.comparisons, [...path, 'comparisons'], 'comparison');
  }
};

/** A pattern for another schema would select nothing, and so seem to be a table that is covered. */
function scope({ reporter }: Judged, { scope }: ParsedAuditTrail, path: KeyPath): void {
  const patterns = [
    ...scope.include.map((pattern, index) => ({ pattern, place: [...path, 'include', index] })),
    ...scope.exclude.map(({ table }, index) => ({ pattern: table, place: [...path, 'exclude', index, 'table'] })),
  ];
  for (const { pattern, place } of patterns) {
    const [schema = ''] = pattern.split('.');
    if (!schema.includes('*') && !scope.schemas.includes(schema)) {
      reporter.report(place, `schema '${schema}' is not in scope`, {
        expected: `one of ${scope.schemas.join(', ')}, or '${schema}' in schemas:`,
        didYouMean: suggest(schema, scope.schemas),
      });
    }
  }
}

const necessary = ['id', 'at', 'operation'] as const satisfies readonly (keyof AuditColumns)[];

function records({ reporter }: Judged, written: ParsedAuditRecords, path: KeyPath): void {
  const preset = auditPresets[written.preset];
  const has = (key: keyof AuditColumns) => written.columns[key] !== undefined || preset.columns[key] !== undefined;
  for (const key of necessary.filter((each) => !has(each))) {
    reporter.report([...path, 'columns', key], 'is missing', {
      atKey: true,
      expected: `a column, because preset '${written.preset}' names none`,
    });
  }
  if (!has('table') && !has('fixedTable')) {
    reporter.report([...path, 'columns', 'table'], 'is missing', {
      atKey: true,
      expected: 'the column that names the table, or fixedTable: where it is always the same',
    });
  }
  if (written.columns.table !== undefined && written.columns.fixedTable !== undefined) {
    reporter.report([...path, 'columns', 'fixedTable'], 'the table comes from a column already', {
      atKey: true,
      expected: 'one of table: and fixedTable:',
    });
  }
  const table = written.table ?? preset.table;
  if (table === undefined) {
    reporter.report([...path, 'table'], 'is missing', {
      atKey: true,
      expected: `a table as schema.table, because preset '${written.preset}' names none`,
    });
  }
  if (table !== undefined && written.archive === table) {
    reporter.report([...path, 'archive'], 'the archive is the table itself, so every record would count twice', {
      expected: 'another table',
    });
  }
  images({ reporter }, written, path);
  operations({ reporter }, written, path);
  words({ reporter }, written, path);
  writer({ reporter }, written, path);
}

/** Each form of row images excludes the others, and what the trail writes replaces that of its preset. */
function images({ reporter }: Pick<Judged, 'reporter'>, { preset, columns }: ParsedAuditRecords, path: KeyPath): void {
  if (columns.changes !== undefined && (columns.oldRow ?? columns.newRow ?? columns.newValues) !== undefined) {
    reporter.report([...path, 'columns', 'changes'], 'the rows before and after come from other columns already', {
      atKey: true,
      expected: 'either changes:, or oldRow: with newRow: or newValues:',
    });
  }
  if (columns.newValues === undefined) return;
  const hasOld = columns.oldRow !== undefined || auditPresets[preset].columns.oldRow !== undefined;
  if (columns.newRow !== undefined || !hasOld) {
    reporter.report([...path, 'columns', 'newValues'], 'new values are laid over the row before the change', {
      atKey: true,
      expected: 'oldRow: beside it, and no newRow:',
    });
  }
}

function operations({ reporter }: Pick<Judged, 'reporter'>, written: ParsedAuditRecords, path: KeyPath): void {
  const words = Object.values({ ...auditPresets[written.preset].operations, ...written.operations });
  if (words.every((operation) => operation === 'ignore')) {
    reporter.report([...path, 'operations'], 'no word stands for a change, so no record would be one', {
      atKey: true,
      expected: 'words such as create: INSERT',
    });
  }
}

/** The history of a row is looked up under the word of its table, so a table with two of them would have two histories. */
function words(
  { reporter }: Pick<Judged, 'reporter'>,
  { preset, tables, columns }: ParsedAuditRecords,
  path: KeyPath,
): void {
  const entries = Object.entries(tables);
  if (
    entries.length > 0 &&
    (columns.fixedTable !== undefined || auditPresets[preset].columns.fixedTable !== undefined)
  ) {
    reporter.report([...path, 'tables'], 'the records are of one table, so no word names another', {
      atKey: true,
      expected: 'no such key, or columns: { table: … }',
    });
  }
  for (const [index, [word, table]] of entries.entries()) {
    const [first] = entries.slice(0, index).find(([, other]) => other === table) ?? [];
    if (first === undefined) continue;
    reporter.report([...path, 'tables', word], `${table} has the word '${first}' already`, {
      expected: 'one word for each table',
    });
  }
}

function writer({ reporter }: Pick<Judged, 'reporter'>, written: ParsedAuditRecords, path: KeyPath): void {
  const writtenBy = written.writtenBy ?? auditPresets[written.preset].writtenBy;
  if (writtenBy === 'trigger' && written.maxWriteLag !== undefined) {
    reporter.report([...path, 'maxWriteLag'], 'a trigger writes in the same transaction, so nothing may be late', {
      expected: 'no such key, or writtenBy: application',
    });
  }
  if (writtenBy === 'application' && (written.triggerFunctions ?? []).length > 0) {
    reporter.report([...path, 'triggerFunctions'], 'an application writes these records, no trigger does', {
      atKey: true,
      expected: 'no such key, or writtenBy: trigger',
    });
  }
}

function observe({ reporter }: Judged, { observe }: ParsedAuditTrail, path: KeyPath): void {
  const { interval, confirmInterval, resolveWithin } = observe;
  if (confirmInterval < interval) {
    reporter.report([...path, 'confirmInterval'], 'exact checks would run more often than the cheap ones', {
      expected: `at least the interval of ${durationText(interval)}`,
    });
  }
  if (resolveWithin <= confirmInterval) {
    reporter.report([...path, 'resolveWithin'], 'a suspicion would be given up before an exact check can resolve it', {
      expected: `more than the confirmInterval of ${durationText(confirmInterval)}`,
    });
  }
}

function seal(judged: Judged, { seal, records }: ParsedAuditTrail, path: KeyPath): void {
  const { reporter } = judged;
  if (seal === undefined) {
    return;
  }
  if (records === undefined) {
    reporter.report(path, 'there are no records to seal', { atKey: true, expected: 'records: beside it' });
  }
  const names = seal.anchors.map(({ name }) => name);
  twice(judged, names, [...path, 'anchors'], 'anchor', 'name');
  seal.anchors.forEach((anchor, index) => {
    if (anchor.kind === 'directory' && anchor.directory === seal.directory) {
      reporter.report([...path, 'anchors', index, 'directory'], 'the checkpoints lie here already', {
        expected: 'a folder that fails by itself, on another disk or machine',
      });
    }
  });
}

function twice(
  { reporter }: Judged,
  names: readonly string[],
  path: KeyPath,
  noun: string,
  ...below: readonly string[]
): void {
  names.forEach((name, index) => {
    if (names.indexOf(name) !== index) {
      reporter.report([...path, index, ...below], `${noun} '${name}' is named twice`);
    }
  });
}
