import { z } from 'zod';
import type { DeepReadonly } from '../../deep-readonly.js';
import { type EarlierKey, isReadable, type KeyColumn, pairingOf } from '../../records/keys.js';
import type { Column, TableColumns } from './columns.js';

const keyColumnSchema = z.object({
  /** Its number in the table, which no renaming changes; not known of a key that no poll saw. */
  number: z.number().optional(),
  name: z.string(),
  type: z.string(),
});

/** What the primary key of a relation was, and is. */
export const keyHistorySchema = z.object({
  columns: z.array(keyColumnSchema),
  /** The transaction that made it, or last changed a column of it. */
  changed: z.string(),
  /** The oldest transaction that was open when a poll last saw it. */
  seenAt: z.string(),
  /** Newest first. */
  earlier: z.array(
    z.object({
      columns: z.array(keyColumnSchema),
      /** Transactions after the first and up to the second one wrote records with it. */
      from: z.string(),
      until: z.string(),
      /** No poll saw it. */
      isUnseen: z.boolean().optional(),
      /** Whether rows were found under it when it ended; asked where its definition leaves that open. */
      isKept: z.boolean().optional(),
    }),
  ),
});
export type KeyHistory = DeepReadonly<z.infer<typeof keyHistorySchema>>;
type Definition = KeyHistory['columns'][number];

/** Names under which records may hold a key that no poll saw; empty for records without a key. */
export type RecordedKeys = readonly (readonly string[])[];

/**
 * @param recorded asked only when the table is new here, or its key was made again
 * @param xmin of the snapshot in which the columns were read
 */
export async function followKey(
  before: KeyHistory | undefined,
  table: TableColumns,
  xmin: bigint,
  recorded: () => Promise<RecordedKeys>,
): Promise<KeyHistory> {
  const until = table.keyChanged.toString();
  const next = { columns: table.key.map(definition), changed: until, seenAt: xmin.toString() };
  // Between two keys a table may have none for a while. Then nothing is compared.
  if (next.columns.length === 0) return before ?? { ...next, earlier: [] };
  if (before?.changed === until && isSame(before.columns, next.columns)) return { ...next, earlier: before.earlier };
  const ended = before === undefined || isSame(before.columns, next.columns) ? [] : [before.columns];
  const known = [
    ...ended.map((columns) => ({ columns, from: before?.earlier[0]?.until ?? '0', until })),
    // What of their columns is left may have been converted.
    ...(before?.earlier ?? []).map(({ isKept: _, ...earlier }) => earlier),
  ];
  const names = new Set([next, ...known].map((key) => namesOf(key.columns)));
  const from = before === undefined ? 0n : BigInt(before.seenAt) - 1n;
  const unseen = (await recorded())
    .map((own) => own.map((name) => definitionOf(table, name)))
    .filter((columns) => !names.has(namesOf(columns)))
    .map((columns) => ({ columns, from: from.toString(), until, isUnseen: true }));
  return { ...next, earlier: [...unseen, ...known] };
}

function definition({ number, name, type }: Definition): Definition {
  return { name, type, ...(number === undefined ? {} : { number }) };
}

function definitionOf({ columns }: TableColumns, name: string): Definition {
  const column = columns.find((each) => each.name === name);
  return definition(column ?? { name, type: '' });
}

function isSame(a: readonly Definition[], b: readonly Definition[]): boolean {
  return JSON.stringify(a.map(definition)) === JSON.stringify(b.map(definition));
}

function namesOf(columns: readonly Definition[]): string {
  return JSON.stringify(columns.map(({ name }) => name).sort());
}

/** The columns of a table with a key that also reads what was recorded under its earlier keys. */
export function withHistory(table: TableColumns, { earlier }: KeyHistory): TableColumns {
  if (earlier.length === 0) return table;
  const definitions = earlier.flatMap(({ columns }) => columns);
  const namesSince = (number: number | undefined, today: string) => [
    ...new Set([today, ...definitions.filter((each) => each.number === number).map(({ name }) => name)]),
  ];
  const key = table.key.map((column) => {
    const others = definitions.filter(({ name, type }) => name === column.name && type !== column.type);
    return { ...column, names: namesSince(column.number, column.name), mayHoldOther: others.length > 0 };
  });
  return {
    ...table,
    key,
    earlierKeys: earlier.map(({ columns, from, until, isUnseen, isKept }): EarlierKey => {
      const found = columns.map(({ number, name, type }) => {
        const today = number === undefined ? undefined : table.columns.find((each) => each.number === number);
        return {
          name,
          type,
          names: namesSince(number, today?.name ?? name),
          ...(today === undefined ? {} : { today }),
        };
      });
      const isGone = columns.length === 0 || found.some(({ today }) => today?.readable !== true);
      const pairings = found.map(({ type, today }) => pairingOf(type, today?.type ?? type));
      const isOpen = isUnseen === true || pairings.includes('perhaps');
      return {
        columns: found.map(({ today, ...column }) => withToday(column, today)),
        from: BigInt(from),
        until: BigInt(until),
        isLost: isGone || pairings.includes('none') || (isOpen && isKept !== true),
        isUndecided: isOpen && isKept === undefined && !isGone && !pairings.includes('none'),
        collides: namesOf(columns) === namesOf(table.key) && isOther(columns, table),
      };
    }),
  };
}

function withToday(column: KeyColumn, today: Column | undefined): KeyColumn {
  return today === undefined ? column : { ...column, today: { name: today.name, type: today.type } };
}

/** The same names, but of other columns, or of values that cannot be read as those of today. */
function isOther(columns: readonly Definition[], { key }: TableColumns): boolean {
  return columns.some(({ number, name, type }) => {
    const today = key.find((each) => each.name === name);
    return today?.number !== number || (type !== today?.type && !isReadable(today?.type ?? ''));
  });
}

/** Whether the record of a row that this transaction left may be there under a key by which it cannot be found. */
export function mayBeUnderLostKey(keys: readonly EarlierKey[], xid: bigint): boolean {
  return keys.some(({ isLost, from, until }) => isLost && from < xid && xid <= until);
}

/** Whether the record before this one may be under a key by which it cannot be found. */
export function mayHideBetween(keys: readonly EarlierKey[], previous: bigint, xid: bigint): boolean {
  return keys.some(({ isLost, from, until }) => {
    const isBehind = xid > until || (previous <= from && from < xid && from > 0n);
    return isLost && previous < until && isBehind;
  });
}
