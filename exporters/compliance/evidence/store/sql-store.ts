import { z } from 'zod';
import { controlStatuses } from '../../../../pack/compliance/model/status.js';
import type { EvaluationDocument } from '../document.js';
import type { EvidenceDatabase } from './database.js';
import { packEvaluation, unpackEvaluation } from './packing.js';
import { digestOf } from './sha256.js';
import {
  type EvaluationFilter,
  EvidenceDamaged,
  type EvidenceStore,
  type StatusTransition,
  type StoredEvaluation,
  type StoreExtent,
} from './store.js';

type Asked = Pick<EvidenceDatabase, 'all'>;

/** PostgreSQL's driver gives large integers as texts. */
const integer = z.coerce.number().int();
const text = z.string();
const status = z.enum(controlStatuses);
const evaluationRow = z.object({
  number: integer,
  at: integer,
  seen: text,
  text,
  board: text.nullable(),
  control: text.nullable(),
});
const transitionRow = z.object({
  number: integer,
  board: text,
  control: text,
  at: integer,
  raw: status,
  effective: status,
  before: status.nullable(),
});
const identified = z.object({ id: integer });
const extentRow = z.object({ last: integer, up_to: integer });

/** The store in SQL; which database it is in is the database's matter. */
export class SqlEvidenceStore implements EvidenceStore {
  readonly #db: EvidenceDatabase;

  constructor(db: EvidenceDatabase) {
    this.#db = db;
  }

  append(documents: readonly EvaluationDocument[]): Promise<number> {
    return this.#db.atomically(async (db) => {
      // The row is also the lock: a second writer waits here.
      await db.all('update extent set last = last + ?', [documents.length]);
      const { last } = await extentOf(db);
      let number = last - documents.length;
      for (const document of documents) {
        number += 1;
        await add(db, number, document);
      }
      return last;
    });
  }

  async keepDefinition(sha256: string, definition: string): Promise<void> {
    await this.#db.all('insert into definitions values (?, ?) on conflict do nothing', [sha256, definition]);
  }

  async definition(sha256: string): Promise<string | undefined> {
    const [found] = await this.#db.all('select text from definitions where sha256 = ?', [sha256]);
    return found === undefined ? undefined : z.object({ text }).parse(found).text;
  }

  read(after: number, limit: number): Promise<readonly StoredEvaluation[]> {
    return this.#evaluations('e.number > ?', [after], 'e.number', limit);
  }

  async statusAt(board: string, control: string, instant: Date): Promise<StoredEvaluation | undefined> {
    const where = 'e.series = (select id from series where board = ? and control = ?) and e.at <= ?';
    const values = [board, control, instant.getTime()];
    return (await this.#evaluations(where, values, 'e.at desc, e.number desc', 1))[0];
  }

  find(filter: EvaluationFilter, limit: number, before?: number): Promise<readonly StoredEvaluation[]> {
    const { where, values } = conditions('e', filter, before);
    return this.#evaluations(where, values, 'e.number desc', limit);
  }

  async transitions(filter: EvaluationFilter, limit: number, before?: number): Promise<readonly StatusTransition[]> {
    const { where, values } = conditions('t', filter, before);
    const rows = await this.#db.all(
      `select t.number, s.board, s.control, t.at, t.raw, t.effective, t.before
       from transitions t join series s on s.id = t.series where ${where} order by t.number desc limit ?`,
      [...values, limit],
    );
    return z
      .array(transitionRow)
      .parse(rows)
      .map(({ at, before: earlier, ...rest }) => ({ ...rest, at: new Date(at), before: earlier ?? undefined }));
  }

  async extent(): Promise<StoreExtent> {
    const { last, up_to } = await extentOf(this.#db);
    const [oldest] = await this.#db.all('select at from evaluations order by number limit 1');
    const oldestAt = oldest === undefined ? undefined : new Date(z.object({ at: integer }).parse(oldest).at);
    return { last, disposedUpTo: up_to, oldestAt };
  }

  dispose(upTo: number): Promise<void> {
    return this.#db.atomically(async (db) => {
      await db.all('update extent set up_to = ? where up_to < ? and last >= ?', [upTo, upTo, upTo]);
      const { up_to } = await extentOf(db);
      await db.all('delete from evaluations where number <= ?', [up_to]);
      await db.all('delete from transitions where number <= ?', [up_to]);
      await db.all('delete from contents where id not in (select content from evaluations)');
    });
  }

  close(): Promise<void> {
    return this.#db.close();
  }

  async #evaluations(
    where: string,
    values: readonly unknown[],
    order: string,
    limit: number,
  ): Promise<StoredEvaluation[]> {
    const rows = await this.#db.all(
      `select e.number, e.at, e.seen, c.text, s.board, s.control from evaluations e join contents c on c.id = e.content
       left join series s on s.id = e.series
       where ${where} order by ${order} limit ?`,
      [...values, limit],
    );
    return z
      .array(evaluationRow)
      .parse(rows)
      .map(({ number, at, seen, text: content, board, control }) => {
        const document = unpackEvaluation(number, { content, seen, atMs: at });
        // It would be in the list of another control, and hidden from whoever asks for this one.
        if (document.board !== board || document.control !== control) {
          throw new EvidenceDamaged(
            `evaluation ${number} of ${document.control} is listed as one of ${control ?? 'none'}`,
          );
        }
        return { number, document };
      });
  }
}

async function add(db: Asked, number: number, document: EvaluationDocument): Promise<void> {
  const { content, seen, atMs } = packEvaluation(document);
  const { board, control, raw, effective } = document;
  const series = await idOf(db, 'series', { board, control }, { board, control });
  const sha256 = digestOf(content);
  const contentId = await idOf(db, 'contents', { sha256 }, { sha256, text: content });
  await db.all('insert into evaluations values (?, ?, ?, ?, ?)', [number, series, atMs, contentId, seen]);
  const [last] = await db.all('select raw, effective from transitions where series = ? order by number desc limit 1', [
    series,
  ]);
  const before = last === undefined ? undefined : z.object({ raw: status, effective: status }).parse(last);
  if (before?.raw === raw && before.effective === effective) return;
  const transition = [number, series, atMs, raw, effective, before?.effective ?? null];
  await db.all('insert into transitions values (?, ?, ?, ?, ?, ?)', transition);
}

/** Adds the row if it is not there. */
async function idOf(
  db: Asked,
  table: 'series' | 'contents',
  unique: Readonly<Record<string, string>>,
  row: Readonly<Record<string, string>>,
): Promise<number> {
  const where = Object.keys(unique).map((column) => `${column} = ?`);
  const [found] = await db.all(`select id from ${table} where ${where.join(' and ')}`, Object.values(unique));
  if (found !== undefined) return identified.parse(found).id;
  const marks = Object.keys(row).map(() => '?');
  const insert = `insert into ${table} (${Object.keys(row).join(', ')}) values (${marks.join(', ')}) returning id`;
  return identified.parse((await db.all(insert, Object.values(row)))[0]).id;
}

async function extentOf(db: Asked): Promise<z.infer<typeof extentRow>> {
  return extentRow.parse((await db.all('select last, up_to from extent'))[0]);
}

function conditions(
  table: 'e' | 't',
  { board, control, from, to }: EvaluationFilter,
  before: number | undefined,
): { readonly where: string; readonly values: readonly unknown[] } {
  const named = Object.entries({ board, control }).filter(([, value]) => value !== undefined);
  const ofSeries = named.map(([column]) => `${column} = ?`).join(' and ');
  const bounds = [
    [`${table}.at >= ?`, from?.getTime()],
    [`${table}.at < ?`, to?.getTime()],
    [`${table}.number < ?`, before],
  ].filter(([, value]) => value !== undefined);
  const parts = bounds.map(([sql]) => sql);
  if (named.length > 0) parts.unshift(`${table}.series in (select id from series where ${ofSeries})`);
  return {
    where: parts.length === 0 ? 'true' : parts.join(' and '),
    values: [...named, ...bounds].map(([, value]) => value),
  };
}
