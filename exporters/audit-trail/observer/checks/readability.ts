import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import type { recordParts } from '../../../../pack/audit-trail/metrics.js';
import { literal } from '../../../runtime/postgres/quote.js';
import type { Session } from '../../../runtime/postgres/read-only.js';
import type { DeepReadonly } from '../../deep-readonly.js';
import type { RecordsSql } from '../../records/sql.js';
import type { Check, RecordsPoll } from '../check.js';

type Part = (typeof recordParts)[number];
type Unreadable = Readonly<Record<Part, number>>;

interface Exported extends Record<string, unknown> {
  id: string;
  ord: string;
  written_at: string | null;
  old_text: string | null;
  new_text: string | null;
  sch: string | null;
  tbl: string | null;
  key: string | null;
}

/** The last record of a page. Its id tells it from others of the same moment, where records are in order of time. */
interface Place {
  readonly ord: string;
  readonly id?: string | undefined;
}

/** What one page holds at the most, because records have no size of their own: one of any size is always taken. */
const PAGE_RECORDS = 500;
const PAGE_BYTES = 4 * 1024 * 1024;

interface ExportedPage {
  readonly records: readonly Exported[];
  /** Where to go on; undefined at the end. */
  readonly next: Place | undefined;
}

/**
 * Exports the next records as they are written, for `countUnreadable` to parse as whoever gets the export would have
 * to. What was encrypted before it was recorded stays so: nobody here has the key.
 */
async function exportNext(session: Session, sql: RecordsSql, after: Place | undefined): Promise<ExportedPage> {
  const { page, isLast } = await read(session, sql, `e.ord is not null and ${later(sql, after)}`);
  const last = page.at(-1);
  return { records: page, next: isLast || last === undefined ? undefined : { ord: last.ord, id: last.id } };
}

function later(sql: RecordsSql, after: Place | undefined): string {
  if (after === undefined) return 'true';
  const ord = `${literal(after.ord)}::${sql.ordType}`;
  return after.id === undefined || sql.hasOrderedIds
    ? `e.ord > ${ord}`
    : `(e.ord, e.id) > (${ord}, ${literal(after.id)}::${sql.idType})`;
}

/**
 * Of one of the rows its history, by key; timed with the rest of the check: whoever asks for it must get it before a
 * deadline.
 */
async function exportHistory(session: Session, sql: RecordsSql, of: readonly Exported[]): Promise<number> {
  const found = of.findLast(({ key, tbl }) => key !== null && tbl !== null);
  if (found === undefined) return 0;
  const { sch, tbl, key } = found;
  const isOfSchema = sch === null ? 'true' : `e.sch = ${literal(sch)}`;
  const isOfRow = `e.tbl = ${literal(tbl ?? '')} and e.key = ${literal(key ?? '')}::${sql.keyType}`;
  return (await read(session, sql, `${isOfSchema} and ${isOfRow}`)).page.length;
}

/** The server cuts the page: what is not sent need not be held here. */
async function read(
  session: Session,
  sql: RecordsSql,
  where: string,
): Promise<{ readonly page: Exported[]; readonly isLast: boolean }> {
  const page = await session.query<Exported & { found: number }>(
    `select * from (
       select f.*, count(*) over ()::int as found, row_number() over w as n,
              sum(coalesce(octet_length(f.old_text), 0) + coalesce(octet_length(f.new_text), 0)) over w as bytes
       from (select e.id::text as id, e.ord::text as ord, row_number() over () as place, e.written_at, e.old_text, e.new_text,
                    e.sch::text as sch, e.tbl::text as tbl, e.key::text as key
             from (select * from ${sql.exported} e where ${where} order by e.ord, e.id limit ${PAGE_RECORDS}) e) f
       window w as (order by f.place)) g
     where g.n = 1 or g.bytes <= ${PAGE_BYTES} order by g.place`,
  );
  return { page, isLast: page.length < PAGE_RECORDS && page.length === (page[0]?.found ?? 0) };
}

/** Yields to the event loop after each record: a request for `/metrics` must not wait for megabytes of images. */
async function countUnreadable(records: readonly Exported[]): Promise<Unreadable> {
  const found = { time: 0, image: 0 };
  for (const record of records) {
    if (isUntimed(record)) found.time += 1;
    if (hasBadImage(record)) found.image += 1;
    await setImmediate();
  }
  return found;
}

/** `infinity` and years before Christ are times to PostgreSQL, and to no export. */
function isUntimed({ written_at }: Exported): boolean {
  return written_at === null || Number.isNaN(Date.parse(written_at));
}

function hasBadImage({ old_text, new_text }: Exported): boolean {
  return [old_text, new_text].some((text) => text !== null && !isImage(text));
}

/** A JSON `null`, like an SQL null, means that there is no image. */
function isImage(text: string): boolean {
  try {
    const image: unknown = JSON.parse(text);
    return typeof image === 'object' && !Array.isArray(image);
  } catch {
    return false;
  }
}

/** Pages in a poll: a day covers three million small records, at the pace of the pack. */
const PAGES = 4;

const none = { time: 0, image: 0 };
const unreadableSchema = z.object({ time: z.number(), image: z.number() });
const memorySchema = z.object({
  /** Where the pass goes on; undefined at its beginning. */
  after: z.string().optional(),
  afterId: z.string().optional(),
  found: unreadableSchema.default(none),
  /** Found by the pass before. */
  before: unreadableSchema.default(none),
  /** When the pass before ended; 0 when none has. */
  endedAt: z.number().default(0),
});

/** The pass over all records that shows whether they can be read. When a pass ends, the next poll begins another. */
export const readabilityCheck: Check<DeepReadonly<z.infer<typeof memorySchema>>, RecordsPoll> = {
  name: 'readability',
  evidence: [],
  memory: memorySchema,
  async run({ sql, runs, now, readAside }, own) {
    const from = own.after === undefined ? undefined : { ord: own.after, id: own.afterId };
    const { page, more } = await readAside(async (session) => {
      const next = await exportNext(session, sql, from);
      return { page: next, more: runs === 0 ? await exportHistory(session, sql, next.records) : 0 };
    });
    const unreadable = await countUnreadable(page.records);
    const found = { time: own.found.time + unreadable.time, image: own.found.image + unreadable.image };
    const { next } = page;
    return {
      memory:
        next === undefined
          ? { found: none, before: found, endedAt: now() }
          : { ...own, after: next.ord, afterId: next.id, found },
      record: (metrics) => metrics.exported(page.records.length + more),
      isMore: next !== undefined && runs + 1 < PAGES,
    };
  },
  /** Of the last whole pass, and what the one under way found already where that is more. */
  show({ after, found, before, endedAt }, metrics) {
    if (after === undefined && endedAt === 0) return;
    const worst = { time: Math.max(found.time, before.time), image: Math.max(found.image, before.image) };
    metrics.readable(worst, endedAt);
  },
};
