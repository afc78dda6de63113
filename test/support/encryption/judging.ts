import type pg from 'pg';
import { resolveColumn } from '../../../exporters/encryption/scan/column.js';
import type { ScanDatabase } from '../../../exporters/encryption/scan/database.js';
import { readerFor } from '../../../exporters/encryption/scan/reader.js';
import { rowStates } from '../../../exporters/encryption/scan/shapes/index.js';
import type { CiphertextFormat, ScannedColumn } from '../../../pack/encryption/model.js';
import { column } from './scanning.js';

let tables = 0;

/** What the scanner takes values for, each alone, through the readers that scan a column. */
export class Judge {
  readonly #client: pg.Client;
  readonly #database: ScanDatabase;

  constructor(client: pg.Client, database: ScanDatabase) {
    this.#client = client;
    this.#database = database;
  }

  /**
   * The state of each value, in their order. `values` are put into a column of this type as they are.
   *
   * @param wanted states that are to be told from each other; among the others one stands for all that are side by side.
   */
  async states(
    format: CiphertextFormat,
    type: string,
    values: readonly (string | Buffer | null)[],
    rest: Partial<ScannedColumn> = {},
    wanted: readonly string[] = rowStates,
  ): Promise<string[]> {
    tables += 1;
    const table = `public.judged_${tables}`;
    await this.#client.query(`create table ${table} (id int primary key, value ${type})`);
    const given = type === 'bytea' ? 'bytea' : 'text';
    await this.#client.query(
      `insert into ${table} select i, v::${type} from unnest($1::${given}[]) with ordinality as u (v, i)`,
      [values],
    );
    try {
      const judged = column(table, format, rest);
      return await this.#database.look(new AbortController().signal, async (query) => {
        const reader = readerFor(await resolveColumn(query, judged), '1');
        const states: string[] = [];
        /** Halves a stretch until all of it has one state: few queries where most values have the same. */
        const divide = async (after: number, count: number): Promise<void> => {
          const batch = await reader.next(query, after === 0 ? undefined : String(after), count);
          const [first, ...others] = new Set(batch?.groups.map(({ state }) => state));
          const isOne = ![first, ...others].some((state) => state !== undefined && wanted.includes(state));
          if (first !== undefined && (others.length === 0 || isOne)) states.push(...Array<string>(count).fill(first));
          else {
            const half = Math.floor(count / 2);
            await divide(after, half);
            await divide(after + half, count - half);
          }
        };
        if (values.length > 0) await divide(0, values.length);
        return states;
      });
    } finally {
      await this.#client.query(`drop table ${table}`);
    }
  }
}
