import { ident, tableSql } from '../../runtime/postgres/quote.js';
import { type Batch, type BatchReader, MARK_BYTES, type Stretch } from './batch.js';
import type { ResolvedColumn } from './column.js';
import { COMPRESSED_BEGINNINGS, isCompressed, TELLING_BYTES } from './compressed.js';
import type { ScanQuery } from './database.js';
import { hiddenVersionSql } from './hidden-version.js';
import { type RowState, rowStates, type Shape } from './shapes/index.js';
import { shortMarks } from './shapes/short.js';
import { unwrapped } from './shapes/unwrap.js';
import { canParseJson, valueSql } from './value.js';

interface GroupRow extends Record<string, unknown> {
  readonly state: string;
  readonly version: string | null;
  readonly rows: number;
  readonly prints: Buffer | null;
  readonly marks: Buffer | null;
  readonly last: string;
  /** The beginnings of rows that may be compressed text: one of 8,000 random ciphertexts. */
  readonly packed: readonly Buffer[] | null;
}

/** One row of so many. */
const A_FEW = 100;

/** As `ordinalOf` reads it. */
const COUNTED_VERSION = '^(v|ver|version|k|key)?[-_.]?[0-9]{1,6}$';

/**
 * Judges the rows inside the database: a batch returns one line for each state and version. A batch is first judged
 * with the fast expression, and again in full when it contains a faulty row.
 *
 * `offset 0` keeps the planner from merging the layers, which would evaluate each part as often as it is named.
 */
export class SqlReader implements BatchReader {
  readonly #resolved: ResolvedColumn;
  readonly #shape: Shape;
  readonly #seed: string;
  #isThorough: boolean;

  /** @param seed of the hashes, a 64-bit number as text: hashes with different seeds cannot be compared. */
  constructor(resolved: ResolvedColumn, shape: Shape, seed: string) {
    this.#resolved = resolved;
    this.#shape = shape;
    this.#seed = seed;
    this.#isThorough = shape.quick === undefined;
  }

  async next(query: ScanQuery, after: string | undefined, rows: number): Promise<Batch | undefined> {
    if (!this.#isThorough) {
      const groups = await this.#look(query, after, rows, true);
      const unsure = groups.reduce((sum, group) => sum + (group.state === 'unsure' ? group.rows : 0), 0);
      if (unsure === 0) return batchOf(groups);
      // With more than a few faulty rows, judging twice costs more than judging in full at once.
      this.#isThorough = unsure * A_FEW > rows;
    }
    return batchOf(await this.#look(query, after, rows, false));
  }

  async #look(query: ScanQuery, after: string | undefined, rows: number, isQuick: boolean): Promise<GroupRow[]> {
    const from = after === undefined ? '' : `where ${this.#key} > ${this.#param(2)}`;
    const groups = await query<GroupRow>(
      `with b as materialized (${this.#rows} ${from} order by ${this.#key} fetch first $1 rows with ties),
      j as (${this.#judged('b', isQuick)})
      select state, ${this.#shown('version')} as version, rows, last, prints, marks, packed from (
        select state, version, count(*)::int as rows, (select b.k::text from b order by b.k desc limit 1) as last,
          string_agg(int8send(nonce_print) || int8send(payload_print), ''::bytea) as prints,
          string_agg(marks, ''::bytea) as marks,
          array_agg(packed) filter (where packed is not null) as packed
        from j group by state, version) g`,
      after === undefined ? [rows] : [rows, after],
    );
    return groups.flatMap(withoutPlain);
  }

  async confirms(query: ScanQuery, stretches: readonly Stretch[], print: Buffer): Promise<boolean> {
    const values: unknown[] = [];
    const wheres = stretches.map(({ after, upTo }) => {
      values.push(upTo);
      const end = `${this.#key} <= ${this.#param(values.length)}`;
      if (after === undefined) return `(${end})`;
      values.push(after);
      return `(${end} and ${this.#key} > ${this.#param(values.length)})`;
    });
    values.push(print.readBigInt64BE(0).toString());
    const found = await query(
      `with b as materialized (${this.#rows} where ${wheres.join(' or ')}), j as (${this.#judged('b')})
      select from j where nonce_print = $${values.length}::bigint
      group by version, nonce having count(distinct payload) > 1 limit 1`,
      values,
    );
    return found.length > 0;
  }

  get #key(): string {
    return ident(this.#resolved.column.primaryKey);
  }

  #param(index: number): string {
    return `$${index}::text::${this.#resolved.keyType}`;
  }

  /** Evaluated for each group instead of each row. */
  #shown(version: string): string {
    return `case when ${version} ~* '${COUNTED_VERSION}' then ${version} else ${hiddenVersionSql(version, this.#seed)} end`;
  }

  get #rows(): string {
    const { column } = this.#resolved;
    const value = valueSql(ident(column.column), this.#resolved, this.#shape.takes);
    return `select ${this.#key} as k, ${value} as raw from ${tableSql(column.table)}`;
  }

  /** The beginning of what may be compressed text inside a whole form; null for nearly every ciphertext. */
  get #packed(): string {
    const { inside } = this.#shape;
    if (inside === undefined) return 'null::bytea';
    const beginnings = COMPRESSED_BEGINNINGS.map((each) => `'\\x${each}'`).join(', ');
    const part = (at: string | number, count: number) => `substr(${inside.bytes}, ${at} + 1, ${count})`;
    const whens = inside.from.map((at) => `when ${part(at, 2)} in (${beginnings}) then ${part(at, TELLING_BYTES)}`);
    return `case when row_state <> 'encrypted' then null ${whens.join(' ')} end`;
  }

  #judged(source: string, isQuick = false): string {
    const { layers, start, state, version, nonce, payload, plaintext, quick, shortSpans } = this.#shape;
    const value = unwrapped('raw', this.#shape, canParseJson(this.#resolved));
    const { plaintextBytes } = this.#resolved.column;
    const lengths =
      plaintext === undefined || plaintextBytes === undefined
        ? undefined
        : `when ${plaintext.most} < ${plaintextBytes.min} then 'malformed' when ${plaintext.least} > ${plaintextBytes.max} then 'wrapped'`;
    const wrapped = `case when form_state <> 'encrypted' then form_state when not ${start('raw')} then 'wrapped' ${lengths ?? ''} else form_state end`;
    const whole = [[['v', value]], ...layers, [['form_state', state]], [['row_state', wrapped]]];
    // A valid row has the beginning of its form, so no encoding was removed.
    const sure = [
      [['v', 'raw']],
      ...(quick?.layers ?? []),
      [[lengths === undefined ? 'row_state' : 'form_state', quick?.state ?? '']],
    ];
    const unlike = `case when form_state <> 'encrypted' then form_state ${lengths ?? ''} else form_state end`;
    const all = isQuick ? [...sure, ...(lengths === undefined ? [] : [[['row_state', unlike]]])] : whole;
    const marks = shortSpans === undefined ? [[['marks', 'null::bytea']]] : shortMarks('body', shortSpans, MARK_BYTES);
    const judged = [...all, ...marks].reduce(
      (inner, names) =>
        `(select l.*${names.map(([name, expression]) => `, ${expression} as ${name}`).join('')} from ${inner} l offset 0)`,
      source,
    );
    const facts = `select row_state, case when row_state = 'encrypted' then ${version} end as row_version,
      case when row_state = 'encrypted' then coalesce(${nonce}, ${payload}) end as row_nonce,
      case when row_state = 'encrypted' then ${payload} end as row_payload,
      ${this.#packed} as packed, marks from ${judged} f offset 0`;
    return `select row_state collate "C" as state, row_version collate "C" as version, packed, marks,
      row_nonce as nonce, row_payload as payload,
      hashtextextended((coalesce(row_version, '') || ' ' || row_nonce) collate "C", ${this.#seed}) as nonce_print,
      hashtextextended(row_payload collate "C", ${this.#seed}) as payload_print from (${facts}) g`;
  }
}

/**
 * Values that begin like compressed text are decompressed here, because SQL cannot. Rows that decompress are plaintext.
 */
function withoutPlain(group: GroupRow): GroupRow[] {
  const rows = (group.packed ?? []).filter(isCompressed).length;
  if (rows === 0) return [group];
  const plain = { ...group, state: 'plaintext_suspect', version: null, rows, prints: null, marks: null };
  return group.rows === rows ? [plain] : [{ ...group, rows: group.rows - rows }, plain];
}

function batchOf(groups: readonly GroupRow[]): Batch | undefined {
  const [first] = groups;
  if (first === undefined) return undefined;
  return {
    rows: groups.reduce((sum, group) => sum + group.rows, 0),
    last: first.last,
    groups: groups.map(({ state, version, rows }) => ({
      state: stateOf(state),
      rows,
      ...(version === null ? {} : { version }),
    })),
    prints: Buffer.concat(groups.flatMap(({ prints }) => prints ?? [])),
    marks: Buffer.concat(groups.flatMap(({ marks }) => marks ?? [])),
  };
}

function stateOf(written: string): RowState {
  const state = rowStates.find((each) => each === written);
  if (state === undefined) throw new Error('a shape named a state that there is not');
  return state;
}
