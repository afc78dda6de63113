import { join } from 'node:path';
import type Sqlite from 'libsql';
import { z } from 'zod';
import { controlStatuses } from '../../../../pack/compliance/model/status.js';
import type { EvaluationDocument } from '../document.js';
import { allOrNothing, EVIDENCE_FILE, guarded, openEvidenceFile } from './database-file.js';
import { packEvaluation, unpackEvaluation } from './packing.js';
import { digestOf } from './sha256.js';
import type { EvaluationFilter, EvidenceStore, StatusTransition, StoredEvaluation, StoreExtent } from './store.js';

const text = z.string();
const row = z.object({ number: z.int(), at: z.int(), seen: text, text });
const transitionRow = z.object({
  number: z.int(),
  board: text,
  control: text,
  at: z.int(),
  raw: z.enum(controlStatuses),
  effective: z.enum(controlStatuses),
  before: z.enum(controlStatuses).nullable(),
});
const id = z.object({ id: z.int() });

interface OpenOptions {
  /** For commands that read beside a running exporter. */
  readonly readOnly?: boolean;
}

/** SQLite in one file, by a library that npm brings ready to run. It answers at once; a batch of 200 takes about 2 ms. */
export class EmbeddedStore implements EvidenceStore {
  readonly path: string;
  readonly #db: Sqlite.Database;
  readonly #lastOf = new Map<number, string>();

  private constructor(path: string, db: Sqlite.Database) {
    this.path = path;
    this.#db = db;
  }

  /**
   * @throws {EvidenceUnavailable} when the library or the file cannot be used.
   * @throws {EvidenceDamaged} when the file is no evidence store any more.
   */
  static async open(directory: string, { readOnly = false }: OpenOptions = {}): Promise<EmbeddedStore> {
    const path = join(directory, EVIDENCE_FILE);
    return new EmbeddedStore(path, await openEvidenceFile(path, readOnly));
  }

  append(documents: readonly EvaluationDocument[]): Promise<number> {
    return this.#do(() =>
      allOrNothing(this.#db, () => {
        let number = this.#last();
        for (const document of documents) {
          number += 1;
          this.#add(number, document);
        }
        this.#db.prepare('update extent set last = ?').run(number);
        return number;
      }),
    );
  }

  keepDefinition(sha256: string, definition: string): Promise<void> {
    return this.#do(() => {
      this.#db.prepare('insert or ignore into definitions values (?, ?)').run(sha256, definition);
    });
  }

  definition(sha256: string): Promise<string | undefined> {
    return this.#do(() => {
      const found = this.#db.prepare('select text from definitions where sha256 = ?').get(sha256);
      return found === undefined ? undefined : z.object({ text }).parse(found).text;
    });
  }

  read(after: number, limit: number): Promise<readonly StoredEvaluation[]> {
    return this.#do(() => this.#evaluations('e.number > ?', [after], 'e.number', limit));
  }

  statusAt(board: string, control: string, instant: Date): Promise<StoredEvaluation | undefined> {
    return this.#do(() => {
      const where = 'e.series = (select id from series where board = ? and control = ?) and e.at <= ?';
      return this.#evaluations(where, [board, control, instant.getTime()], 'e.at desc, e.number desc', 1)[0];
    });
  }

  find(filter: EvaluationFilter, limit: number, before?: number): Promise<readonly StoredEvaluation[]> {
    return this.#do(() => {
      const { where, values } = conditions('e', filter, before);
      return this.#evaluations(where, values, 'e.number desc', limit);
    });
  }

  transitions(filter: EvaluationFilter, limit: number, before?: number): Promise<readonly StatusTransition[]> {
    return this.#do(() => {
      const { where, values } = conditions('t', filter, before);
      const rows = this.#db
        .prepare(
          `select t.number, s.board, s.control, t.at, t.raw, t.effective, t.before
           from transitions t join series s on s.id = t.series where ${where} order by t.number desc limit ?`,
        )
        .all(...values, limit);
      return z
        .array(transitionRow)
        .parse(rows)
        .map(({ at, before: earlier, ...rest }) => ({ ...rest, at: new Date(at), before: earlier ?? undefined }));
    });
  }

  extent(): Promise<StoreExtent> {
    return this.#do(() => {
      const found = this.#db
        .prepare('select last, up_to, (select at from evaluations order by number limit 1) as oldest from extent')
        .get();
      const { last, up_to, oldest } = z
        .object({ last: z.int(), up_to: z.int(), oldest: z.int().nullable() })
        .parse(found);
      return { last, disposedUpTo: up_to, oldestAt: oldest === null ? undefined : new Date(oldest) };
    });
  }

  dispose(upTo: number): Promise<void> {
    return this.#do(() =>
      allOrNothing(this.#db, () => {
        this.#db.prepare('update extent set up_to = max(up_to, min(?, last))').run(upTo);
        this.#db.prepare('delete from evaluations where number <= (select up_to from extent)').run();
        this.#db.prepare('delete from transitions where number <= (select up_to from extent)').run();
        this.#db.prepare('delete from contents where id not in (select content from evaluations)').run();
      }),
    );
  }

  close(): Promise<void> {
    return this.#do(() => {
      if (this.#db.open) this.#db.close();
    });
  }

  #add(number: number, document: EvaluationDocument): void {
    const { content, seen, atMs } = packEvaluation(document);
    const series = this.#idOf('series', ['board', 'control'], [document.board, document.control]);
    const contentId = this.#idOf('contents', ['sha256', 'text'], [digestOf(content), content]);
    this.#db.prepare('insert into evaluations values (?, ?, ?, ?, ?)').run(number, series, atMs, contentId, seen);
    const before = this.#effectiveBefore(series);
    const { raw, effective } = document;
    if (before === `${raw} ${effective}`) return;
    const earlier = before?.split(' ')[1] ?? null;
    this.#db
      .prepare('insert into transitions values (?, ?, ?, ?, ?, ?)')
      .run(number, series, atMs, raw, effective, earlier);
    this.#lastOf.set(series, `${raw} ${effective}`);
  }

  /** `raw effective` of the newest transition. A batch that is rolled back leaves the map ahead, so `append` clears it. */
  #effectiveBefore(series: number): string | undefined {
    const known = this.#lastOf.get(series);
    if (known !== undefined) return known;
    const found = this.#db
      .prepare('select raw, effective from transitions where series = ? order by number desc limit 1')
      .get(series);
    if (found === undefined) return undefined;
    const { raw, effective } = z.object({ raw: text, effective: text }).parse(found);
    return `${raw} ${effective}`;
  }

  /** Adds the row if it is not there; its first column, or the first two, make it unique. */
  #idOf(table: 'series' | 'contents', columns: readonly string[], values: readonly string[]): number {
    const unique = table === 'series' ? columns : columns.slice(0, 1);
    const where = unique.map((column) => `${column} = ?`).join(' and ');
    const select = this.#db.prepare(`select id from ${table} where ${where}`);
    const found = select.get(...values.slice(0, unique.length));
    if (found !== undefined) return id.parse(found).id;
    const marks = columns.map(() => '?').join(', ');
    const added = this.#db.prepare(`insert into ${table} (${columns.join(', ')}) values (${marks}) returning id`);
    return id.parse(added.get(...values)).id;
  }

  #last(): number {
    return z.object({ last: z.int() }).parse(this.#db.prepare('select last from extent').get()).last;
  }

  #evaluations(where: string, values: readonly unknown[], order: string, limit: number): StoredEvaluation[] {
    const rows = this.#db
      .prepare(
        `select e.number, e.at, e.seen, c.text from evaluations e join contents c on c.id = e.content
         where ${where} order by ${order} limit ?`,
      )
      .all(...values, limit);
    return z
      .array(row)
      .parse(rows)
      .map(({ number, at, seen, text: content }) => ({
        number,
        document: unpackEvaluation(number, { content, seen, atMs: at }),
      }));
  }

  async #do<T>(work: () => T): Promise<T> {
    try {
      return await guarded(this.path, work);
    } catch (error) {
      // What was remembered may be of a transaction that was rolled back.
      this.#lastOf.clear();
      throw error;
    }
  }
}

function conditions(
  table: 'e' | 't',
  { board, control, from, to }: EvaluationFilter,
  before: number | undefined,
): { readonly where: string; readonly values: readonly unknown[] } {
  const parts: (readonly [string, unknown])[] = [];
  if (board !== undefined && control !== undefined) {
    parts.push([`${table}.series in (select id from series where board = ?`, board], ['control = ?)', control]);
  } else if (board !== undefined) parts.push([`${table}.series in (select id from series where board = ?)`, board]);
  else if (control !== undefined) parts.push([`${table}.series in (select id from series where control = ?)`, control]);
  if (from !== undefined) parts.push([`${table}.at >= ?`, from.getTime()]);
  if (to !== undefined) parts.push([`${table}.at < ?`, to.getTime()]);
  if (before !== undefined) parts.push([`${table}.number < ?`, before]);
  return { where: parts.map(([sql]) => sql).join(' and ') || 'true', values: parts.map(([, value]) => value) };
}
