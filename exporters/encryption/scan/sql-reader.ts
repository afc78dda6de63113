import type { Batch, BatchReader, Stretch } from './batch.js';
import type { ResolvedColumn } from './column.js';
import type { Query } from './database.js';
import { hiddenVersionSql } from './hidden-version.js';
import { type RowState, rowStates, type Shape } from './shapes/index.js';
import { identifier, tableSql } from './sql.js';
import { valueSql } from './value.js';

interface GroupRow extends Record<string, unknown> {
  readonly state: string;
  readonly version: string | null;
  readonly rows: number;
  readonly prints: Buffer | null;
  readonly last: string;
}

/** As `ordinalOf` reads it. */
const COUNTED_VERSION = '^(v|ver|version|k|key)?[-_.]?[0-9]{1,6}$';

/**
 * Judges the rows inside the database: what comes back of a batch is one line for each state and version.
 *
 * `offset 0` keeps the planner from merging the layers, which would evaluate each part as often as it is named.
 */
export class SqlReader implements BatchReader {
  readonly #resolved: ResolvedColumn;
  readonly #shape: Shape;
  readonly #seed: string;

  /** @param seed of the hashes, a 64-bit number as text: with another one they cannot be compared. */
  constructor(resolved: ResolvedColumn, shape: Shape, seed: string) {
    this.#resolved = resolved;
    this.#shape = shape;
    this.#seed = seed;
  }

  async next(query: Query, after: string | undefined, rows: number): Promise<Batch | undefined> {
    const from = after === undefined ? '' : `where ${this.#key} > ${this.#param(2)}`;
    const groups = await query<GroupRow>(
      `with b as materialized (${this.#rows} ${from} order by ${this.#key} fetch first $1 rows with ties),
      j as (${this.#judged('b')})
      select state, ${this.#shown('version')} as version, rows, last, prints from (
        select state, version, count(*)::int as rows, (select b.k::text from b order by b.k desc limit 1) as last,
          string_agg(int8send(nonce_print) || int8send(payload_print), ''::bytea) as prints
        from j group by state, version) g`,
      after === undefined ? [rows] : [rows, after],
    );
    const [first] = groups;
    if (first === undefined) return undefined;
    return {
      rows: groups.reduce((sum, group) => sum + group.rows, 0),
      last: first.last,
      groups: groups.map(({ state, version, rows: count }) => ({
        state: stateOf(state),
        rows: count,
        ...(version === null ? {} : { version }),
      })),
      prints: Buffer.concat(groups.flatMap(({ prints }) => prints ?? [])),
    };
  }

  async confirms(query: Query, stretches: readonly Stretch[], print: Buffer): Promise<boolean> {
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
    return identifier(this.#resolved.column.primaryKey);
  }

  #param(index: number): string {
    return `$${index}::text::${this.#resolved.keyType}`;
  }

  /** Asked of each group instead of each row. */
  #shown(version: string): string {
    return `case when ${version} ~* '${COUNTED_VERSION}' then ${version} else ${hiddenVersionSql(version, this.#seed)} end`;
  }

  get #rows(): string {
    const { column } = this.#resolved;
    const value = valueSql(identifier(column.column), this.#resolved, this.#shape.takes);
    return `select ${this.#key} as k, ${value} as v from ${tableSql(column.table)}`;
  }

  #judged(source: string): string {
    const { parts, more = [], state, version, nonce, payload } = this.#shape;
    const layer = (names: typeof parts, inner: string) =>
      `select l.*${names.map(([name, expression]) => `, ${expression} as ${name}`).join('')} from ${inner} l offset 0`;
    const judged = layer([['row_state', state]], `(${layer(more, `(${layer(parts, source)})`)})`);
    const facts = `select row_state, case when row_state = 'encrypted' then ${version} end as row_version,
      case when row_state = 'encrypted' then coalesce(${nonce}, ${payload}) end as row_nonce,
      case when row_state = 'encrypted' then ${payload} end as row_payload from (${judged}) f offset 0`;
    return `select row_state as state, row_version as version,
      row_nonce as nonce, row_payload as payload,
      hashtextextended((coalesce(row_version, '') || ' ' || row_nonce) collate "C", ${this.#seed}) as nonce_print,
      hashtextextended(row_payload collate "C", ${this.#seed}) as payload_print from (${facts}) g`;
  }
}

function stateOf(written: string): RowState {
  const state = rowStates.find((each) => each === written);
  if (state === undefined) throw new Error('a shape named a state that there is not');
  return state;
}
