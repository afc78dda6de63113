import { setTimeout as sleep } from 'node:timers/promises';
import { type EncryptedFields, isSealed } from './fields.js';
import { type DemoQuery, withQuery } from './query.js';
import { FIELDS } from './schema.js';

const EVERY_MS = 5000;
const SAMPLED_ROWS = 10;
const KEPT_ROWS = 20_000;

/**
 * The portal's own check of its fields: only the portal may decrypt them, so only it can detect that one was moved to
 * another row. It decrypts some rows at a time, all of them in turn, and records the result and the duration.
 */
export class Patrol {
  readonly #databaseUrl: string;
  readonly #fields: EncryptedFields;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #after = 0;

  constructor(databaseUrl: string, fields: EncryptedFields) {
    this.#databaseUrl = databaseUrl;
    this.#fields = fields;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** From the first row again, as far as it comes. */
  async goRound(query: DemoQuery, rows: number): Promise<void> {
    this.#after = 0;
    await this.#sample(query, rows);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await sleep(EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      // A database that is down, or a key service, is told of elsewhere.
      await withQuery(this.#databaseUrl, (query) => this.#sample(query, SAMPLED_ROWS)).catch(() => undefined);
    }
  }

  async #sample(query: DemoQuery, limit: number): Promise<void> {
    const rows = await query<{ id: string } & Record<string, unknown>>(
      `select product_owner_id::text as id, ni_number, dob, phone from phase_2.product_owner_details
       where product_owner_id > $1 order by product_owner_id limit $2`,
      [this.#after, limit],
    );
    this.#after = rows.length < limit ? 0 : Number(rows.at(-1)?.id ?? 0);
    for (const row of rows) {
      for (const field of FIELDS) {
        // What was never encrypted is the scanner's to find; there is nothing here that could fail to decrypt.
        if (!isSealed(row[field])) continue;
        const startedAt = performance.now();
        const isOpen = await this.#fields.open(query, field, Number(row.id), row[field]).then(
          () => true,
          () => false,
        );
        await query(
          `insert into phase_2.encryption_audit_log (operation_type, field_path, success, execution_time_ms)
           values ('decrypt', $1, $2, $3)`,
          [`product_owners.${field}`, isOpen, performance.now() - startedAt],
        );
      }
    }
    await query(
      'delete from phase_2.encryption_audit_log where id <= (select max(id) from phase_2.encryption_audit_log) - $1',
      [KEPT_ROWS],
    );
  }
}
