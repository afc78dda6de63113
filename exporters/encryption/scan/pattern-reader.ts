import { createHash } from 'node:crypto';
import { type LinearRegExp, linearRegExp } from '../../../pack/index.js';
import { ident, tableSql } from '../../runtime/postgres/quote.js';
import { ordinalOf } from '../keys/versions.js';
import { type Batch, type BatchReader, MARK_BYTES, type Stretch } from './batch.js';
import type { ResolvedColumn } from './column.js';
import type { ScanQuery } from './database.js';
import { peeled } from './encodings.js';
import { hiddenVersion } from './hidden-version.js';
import { contentOf, contentOfWhole } from './own-form.js';
import type { RowState } from './shapes/index.js';
import { valueSql } from './value.js';

interface ValueRow extends Record<string, unknown> {
  readonly k: string;
  readonly v: string | Buffer | null;
}

interface Judged {
  readonly state: RowState;
  readonly version?: string;
  readonly nonce?: string;
  readonly marks?: Buffer;
}

/**
 * Judges rows by a regular expression of the configuration, which only this process can evaluate: PostgreSQL has
 * another dialect and no named groups. The values stay in variables of this file. The beginning of such a format is
 * unknown, so a value that does not match counts as plaintext, unless it matches after removing an outer encoding.
 *
 * A dot matches every character, including line ends. In a `bytea` each byte is one character, U+0000 to U+00FF.
 */
export class PatternReader implements BatchReader {
  readonly #resolved: ResolvedColumn;
  readonly #pattern: LinearRegExp;
  readonly #seed: string;

  constructor(resolved: ResolvedColumn, pattern: string, seed: string) {
    this.#resolved = resolved;
    // Matches complete ciphertexts only: a value with readable text before or after it is not one.
    this.#pattern = linearRegExp(`^(?:${pattern})$`, 's');
    this.#seed = seed;
  }

  async next(query: ScanQuery, after: string | undefined, rows: number): Promise<Batch | undefined> {
    const from = after === undefined ? '' : `where ${this.#key} > ${this.#param(2)}`;
    const read = await query<ValueRow>(
      `${this.#rows} ${from} order by ${this.#key} fetch first $1 rows with ties`,
      after === undefined ? [rows] : [rows, after],
    );
    const last = read.at(-1);
    if (last === undefined) return undefined;
    const counts = new Map<string, { state: RowState; version?: string; rows: number }>();
    const prints: Buffer[] = [];
    const marks: Buffer[] = [];
    for (const row of read) {
      const v = textOf(row.v);
      const judged = this.#judge(v);
      const { state } = judged;
      const version = this.#shown(judged.version);
      const key = `${state} ${version ?? ''}`;
      const group = counts.get(key) ?? { state, rows: 0, ...(version === undefined ? {} : { version }) };
      group.rows += 1;
      counts.set(key, group);
      if (state !== 'encrypted') continue;
      prints.push(this.#noncePrint(v ?? '', judged), this.#print(v ?? ''));
      marks.push(judged.marks ?? Buffer.alloc(MARK_BYTES));
    }
    return {
      rows: read.length,
      last: last.k,
      groups: [...counts.values()],
      prints: Buffer.concat(prints),
      marks: Buffer.concat(marks),
    };
  }

  async confirms(query: ScanQuery, stretches: readonly Stretch[], print: Buffer): Promise<boolean> {
    const seen = new Map<string, string>();
    for (const { after, upTo } of stretches) {
      const from = after === undefined ? '' : `and ${this.#key} > ${this.#param(2)}`;
      const read = await query<ValueRow>(
        `${this.#rows} where ${this.#key} <= ${this.#param(1)} ${from}`,
        after === undefined ? [upTo] : [upTo, after],
      );
      for (const row of read) {
        const v = textOf(row.v);
        const judged = this.#judge(v);
        if (v === null || judged.state !== 'encrypted' || !this.#noncePrint(v, judged).equals(print)) continue;
        const nonce = `${judged.version ?? ''} ${judged.nonce ?? v}`;
        if ((seen.get(nonce) ?? v) !== v) return true;
        seen.set(nonce, v);
      }
    }
    return false;
  }

  /** A value that a faulty writer put in place of the version is not passed on. */
  #shown(version: string | undefined): string | undefined {
    if (version === undefined || ordinalOf(version) !== undefined) return version;
    return hiddenVersion(version, this.#seed);
  }

  #judge(value: string | null): Judged {
    if (value === null || value === '') return { state: 'null' };
    const match = this.#pattern.exec(value);
    if (match === null) return { state: this.#isWrapped(value) ? 'wrapped' : 'plaintext_suspect' };
    const { version, nonce, ciphertext } = match.groups ?? {};
    const isOfBytes = this.#resolved.type === 'bytea';
    const { state, marks } =
      ciphertext === undefined ? contentOfWhole(value, isOfBytes) : contentOf(ciphertext, isOfBytes);
    if (state !== 'encrypted') return { state };
    return {
      state,
      marks,
      ...(version === undefined ? {} : { version }),
      ...(nonce === undefined ? {} : { nonce }),
    };
  }

  #isWrapped(value: string): boolean {
    const once = peeled(value);
    if (once === undefined) return false;
    const twice = peeled(once);
    return this.#pattern.test(once) || (twice !== undefined && this.#pattern.test(twice));
  }

  #noncePrint(value: string, { version, nonce }: Judged): Buffer {
    return this.#print(`${version ?? ''} ${nonce ?? value}`);
  }

  #print(text: string): Buffer {
    return createHash('sha256').update(this.#seed).update(text).digest().subarray(0, 8);
  }

  get #key(): string {
    return ident(this.#resolved.column.primaryKey);
  }

  #param(index: number): string {
    return `$${index}::text::${this.#resolved.keyType}`;
  }

  get #rows(): string {
    const { column, type } = this.#resolved;
    const name = ident(column.column);
    const value = type === 'bytea' ? name : valueSql(name, this.#resolved, 'text');
    return `select ${this.#key}::text as k, ${value} as v from ${tableSql(column.table)}`;
  }
}

function textOf(value: string | Buffer | null): string | null {
  return Buffer.isBuffer(value) ? value.toString('latin1') : value;
}
