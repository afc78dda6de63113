import type { recordParts } from '../../../pack/metrics/index.js';
import type { Session } from '../database/database.js';
import { literal } from '../database/quote.js';
import type { RecordsSql } from '../records/sql.js';

type Part = (typeof recordParts)[number];
export type Unreadable = Readonly<Record<Part, number>>;

interface Exported extends Record<string, unknown> {
  ord: string;
  written_at: string | null;
  old_text: string | null;
  new_text: string | null;
  sch: string | null;
  tbl: string | null;
  key: string | null;
}

/** Per round: a day covers three million records, at the pace of the pack. */
const PAGE = 2_000;

export interface ReadablePage {
  readonly records: number;
  readonly unreadable: Unreadable;
  /** Where to go on; undefined at the end. */
  readonly next: string | undefined;
}

/**
 * P13. Exports the next records as they are written and parses them here, as whoever gets the export would have to; and
 * of one of the rows its whole history, by key. What was encrypted before it was recorded stays so: nobody here has
 * the key.
 */
export async function readNext(session: Session, sql: RecordsSql, after: string | undefined): Promise<ReadablePage> {
  const rows = await session.query<Exported>(
    `select e.ord::text as ord, e.written_at, e.old_text, e.new_text, e.sch::text as sch, e.tbl::text as tbl, e.key::text as key from ${sql.exported} e
     where e.ord is not null ${after === undefined ? '' : `and e.ord > ${literal(after)}::${sql.ordType}`} order by e.ord limit ${PAGE}`,
  );
  const last = rows.findLast(({ key, tbl }) => key !== null && tbl !== null);
  const history = last === undefined ? [] : await historyOf(session, sql, last);
  return {
    records: rows.length + history.length,
    unreadable: { time: countOf(rows, isUntimed), image: countOf(rows, hasBadImage) },
    next: rows.length < PAGE ? undefined : rows.at(-1)?.ord,
  };
}

/** Timed with the rest of the check: whoever asks for a row's history must get it before a deadline. */
function historyOf(session: Session, sql: RecordsSql, { sch, tbl, key }: Exported): Promise<Exported[]> {
  return session.query<Exported>(
    `select e.ord::text as ord, e.written_at, e.old_text, e.new_text, null as sch, null as tbl, null as key from ${sql.exported} e
     where ${sch === null ? '' : `e.sch = ${literal(sch)} and `}e.tbl = ${literal(tbl ?? '')} and e.key = ${literal(key ?? '')}::${sql.keyType} order by e.ord limit ${PAGE}`,
  );
}

function countOf(rows: readonly Exported[], is: (row: Exported) => boolean): number {
  return rows.filter(is).length;
}

/** `infinity` and years before Christ are times to PostgreSQL, and to no export. */
function isUntimed({ written_at }: Exported): boolean {
  return written_at === null || Number.isNaN(Date.parse(written_at));
}

function hasBadImage({ old_text, new_text }: Exported): boolean {
  return [old_text, new_text].some((text) => text !== null && !isObject(text));
}

function isObject(text: string): boolean {
  try {
    const image: unknown = JSON.parse(text);
    return typeof image === 'object' && image !== null && !Array.isArray(image);
  } catch {
    return false;
  }
}
