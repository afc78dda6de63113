import { z } from 'zod';
import { textOf } from '../../../runtime/postgres/quote.js';
import { type Facts, toXid8 } from '../../database/facts.js';
import type { DeepReadonly } from '../../deep-readonly.js';
import type { Check, FastPoll, Outcome } from '../check.js';
import type { TableStorage } from '../tables/memory.js';
import type { ScopedTable } from '../tables/scope.js';
import { type Finding, findingId } from '../verdict/findings.js';
import type { Alarm } from '../verdict/state.js';

export const storageMemorySchema = z.object({
  /** Of the audit table and its partitions, by relation oid. */
  recordFilenodes: z.record(z.string(), z.string()).default({}),
  /**
   * When a subscription was last seen to write the rows and records, until a baseline of the whole trail. Neither row versions nor
   * counters were watched then, so a change that was undone before it ended left nothing.
   */
  foreignAt: z.number().optional(),
});
type Own = DeepReadonly<z.infer<typeof storageMemorySchema>> & {
  readonly tables: Readonly<Record<string, TableStorage>>;
};

/**
 * A new file under a table means TRUNCATE, a rewrite of its values by ALTER TABLE, or only VACUUM FULL: counters and
 * triggers show nothing of it, so every row is compared.
 */
export const storageCheck: Check<Own, FastPoll> = {
  name: 'tripwires',
  evidence: [],
  memory: storageMemorySchema.transform((own): Own => ({ ...own, tables: {} })),
  run(poll, own): Promise<Outcome<Own>> {
    const { tables, catalogue, sql } = poll;
    const seen = tables.map((table) => ({ table, ...lookAt(poll, table, own.tables[table.label]) }));
    const records = lookAtRecords(poll, own.recordFilenodes);
    const ours = new Set([
      ...(sql?.shape.leaves ?? []),
      ...tables.flatMap(({ leaves }) => leaves.map(({ oid }) => oid)),
    ]);
    const unlogged = catalogue.relations.filter(({ oid, persistence }) => ours.has(oid) && persistence === 'u').length;
    return Promise.resolve({
      memory: {
        ...own,
        ...(poll.isForeign ? { foreignAt: poll.now() } : {}),
        recordFilenodes: records.filenodes,
        tables: Object.fromEntries(seen.map(({ table, memory }) => [table.label, memory])),
      },
      suspicions: [
        ...seen.flatMap(({ table, details }) =>
          details.map((detail) => ({ table: table.label, alarm: { kind: 'storage', detail } satisfies Alarm })),
        ),
        ...records.details.flatMap((detail) =>
          tables.map(({ label }) => ({
            table: label,
            alarm: { kind: 'records', detail, needsRecheck: true } satisfies Alarm,
          })),
        ),
      ],
      findings: seen.flatMap(({ finding }) => finding ?? []),
      record: (metrics) => metrics.unlogged(unlogged),
    });
  },
  accept: acceptForeign,
};

/** Somebody compared the rows with the server that they came from. */
export function acceptForeign<M extends { readonly foreignAt?: number | undefined }>({
  foreignAt: _,
  ...own
}: M): Omit<M, 'foreignAt'> {
  return own;
}

interface Seen {
  readonly memory: TableStorage;
  readonly details: readonly string[];
  readonly finding: Finding | undefined;
}

function lookAt(
  { coverage, facts, isForeign }: FastPoll,
  table: ScopedTable,
  before: TableStorage = { filenodes: {}, watched: {} },
): Seen {
  const operations = Object.values(coverage.get(table.label)?.operations ?? {});
  const isRecording = operations.every(({ recording }) => recording);
  const filenodes: Record<string, string> = {};
  const watched: Record<string, TableStorage['watched'][string]> = {};
  const details: string[] = [];
  for (const { oid, schema, name, filenode: own } of table.leaves) {
    const filenode = own ?? '0';
    filenodes[oid] = filenode;
    if ((before.filenodes[oid] ?? filenode) !== filenode) details.push(`the storage of ${schema}.${name} was replaced`);
    // What a subscription writes has its record from another server, in another transaction. Watching begins when it ended.
    if (isForeign) continue;
    const known = before.watched[oid];
    // Once begun, watching does not end when a trigger does: what changes from then on is missing, and that is shown.
    if (known?.filenode === filenode) watched[oid] = known;
    else if (isRecording) watched[oid] = { xid: facts.xmax.toString(), filenode };
  }
  if (Object.keys(before.filenodes).some((oid) => filenodes[oid] === undefined))
    details.push('a partition was detached or dropped');
  const names = followNames(table, before, facts);
  return { memory: { ...names.memory, filenodes, watched }, details, finding: names.finding };
}

/**
 * A table that was dropped takes its rows with it, and no record says so; one that has its name now may hold fewer, or
 * others. Nobody can tell that from a deployment that makes the table anew, so a person has to: it is a fault of the
 * whole table, which stays until a baseline is declared. The rows are not also counted one by one.
 */
function followNames({ label, relation, leaves }: ScopedTable, before: TableStorage, facts: Facts) {
  const all = [relation, ...leaves];
  const replaced = all.filter((item) => (before.relations?.[textOf(item)] ?? item.oid) !== item.oid);
  // Names that are gone are kept: whoever drops a partition today may make another tomorrow.
  const relations = { ...before.relations, ...Object.fromEntries(all.map((item) => [textOf(item), item.oid])) };
  if (replaced.length === 0) return { memory: { ...before, relations }, finding: undefined };
  const made = replaced.map(({ oid, made: xmin }) => [oid, toXid8(xmin ?? '0', facts.xmax).toString()]);
  const finding: Finding = {
    table: label,
    kind: 'missing',
    operation: 'TRUNCATE',
    check: 'catalogue',
    id: findingId(label, 'replaced', replaced.map(({ oid }) => oid).join(' ')),
    key: '',
    detail: `${replaced.map(textOf).join(', ')} was dropped or renamed, and another table has its name`,
  };
  return { memory: { ...before, relations, made: { ...before.made, ...Object.fromEntries(made) } }, finding };
}

function lookAtRecords({ catalogue, sql }: FastPoll, before: Readonly<Record<string, string>>) {
  const filenodes = { ...before };
  const details = new Set<string>();
  if (sql === undefined) return { filenodes, details: [] };
  const there = new Map(catalogue.relations.map(({ oid, filenode }) => [oid, filenode ?? '0']));
  for (const oid of sql.shape.leaves) {
    const filenode = there.get(oid);
    if (filenode === undefined) continue;
    filenodes[oid] = filenode;
    if ((before[oid] ?? filenode) !== filenode) details.add('the storage of the audit records was replaced');
  }
  const kept = new Set([...sql.shape.leaves, ...sql.shape.archiveLeaves]);
  for (const oid of Object.keys(filenodes)) {
    if (kept.has(oid) || there.has(oid)) continue;
    delete filenodes[oid];
    details.add('a partition of the audit records is gone');
  }
  return { filenodes, details: [...details] };
}
