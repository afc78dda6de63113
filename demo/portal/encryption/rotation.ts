import { setTimeout as sleep } from 'node:timers/promises';
import { NotAuthentic } from './envelope.js';
import type { EncryptedFields } from './fields.js';
import type { KeyService } from './key-service.js';
import { type DemoQuery, inTransaction } from './query.js';
import { FIELD_KEY, FIELDS } from './schema.js';

const BATCH_ROWS = 20;
const PAUSE_MS = 20;

interface Open {
  readonly id: string;
  readonly version: string;
}

/**
 * Creates a new version of the key and re-encrypts every field with it, in small batches. The progress is in the
 * database, so an interrupted rotation continues in the next run.
 */
export class Rotation {
  readonly #keys: KeyService;
  readonly #fields: EncryptedFields;
  #isStalled = false;

  constructor(keys: KeyService, fields: EncryptedFields) {
    this.#keys = keys;
    this.#fields = fields;
  }

  /** A stalled rotation does one batch and no more. */
  stall(isStalled: boolean): void {
    this.#isStalled = isStalled;
  }

  /** @returns the version that the fields are under now, or will be when it is done. */
  async run(query: DemoQuery): Promise<string> {
    const { id, version } = (await this.#unfinished(query)) ?? (await this.#begin(query));
    for (;;) {
      const moved = await inTransaction(query, () => this.#batch(query, version));
      await query(
        'update phase_2.encryption_key_rotation_log set records_affected = records_affected + $2 where id = $1',
        [id, moved],
      );
      if (moved === 0) break;
      if (this.#isStalled) return version;
      await sleep(PAUSE_MS, undefined, { ref: false });
    }
    await query(
      `update phase_2.encryption_key_rotation_log
       set status = 'completed', rotation_date = now(), completion_time = now() where id = $1`,
      [id],
    );
    return version;
  }

  async isUnfinished(query: DemoQuery): Promise<boolean> {
    return (await this.#unfinished(query)) !== undefined;
  }

  async #unfinished(query: DemoQuery): Promise<Open | undefined> {
    const [row] = await query<{ id: string; version: string }>(
      `select id::text, new_key_version as version from phase_2.encryption_key_rotation_log
       where field_path = $1 and status = 'in_progress' order by id limit 1`,
      [FIELD_KEY],
    );
    return row;
  }

  async #begin(query: DemoQuery): Promise<Open> {
    return inTransaction(query, async () => {
      const before = await this.#keys.newest(query, FIELD_KEY);
      const version = `v${Number(before.slice(1)) + 1}`;
      await this.#keys.makeVersion(query, FIELD_KEY, version);
      const [row] = await query<{ id: string }>(
        `insert into phase_2.encryption_key_rotation_log (field_path, old_key_version, new_key_version)
         values ($1, $2, $3) returning id::text`,
        [FIELD_KEY, before, version],
      );
      return { id: row?.id ?? '', version };
    });
  }

  async #batch(query: DemoQuery, version: string): Promise<number> {
    const rows = await query<{ id: string } & Record<string, unknown>>(
      `select product_owner_id::text as id, ni_number, dob, phone from phase_2.product_owner_details
       where ni_number ->> 'key_version' <> $1 or dob ->> 'key_version' <> $1 or phone ->> 'key_version' <> $1
       order by product_owner_id limit ${BATCH_ROWS} for update`,
      [version],
    );
    for (const row of rows) {
      const moved: unknown[] = [];
      for (const field of FIELDS) moved.push(await this.#move(query, field, Number(row.id), row[field], version));
      await query(
        `update phase_2.product_owner_details
         set ni_number = $2::jsonb, dob = $3::jsonb, phone = $4::jsonb, updated_at = now() where product_owner_id = $1`,
        [row.id, ...moved.map((value) => JSON.stringify(value))],
      );
    }
    return rows.length;
  }

  /** What does not open here is left where it is: a rotation must not make a swapped field look right. */
  async #move(query: DemoQuery, field: (typeof FIELDS)[number], id: number, stored: unknown, version: string) {
    try {
      return await this.#fields.seal(query, field, id, await this.#fields.open(query, field, id, stored), version);
    } catch (error) {
      if (!(error instanceof NotAuthentic)) throw error;
      return typeof stored === 'object' && stored !== null ? { ...stored, key_version: version } : stored;
    }
  }
}
