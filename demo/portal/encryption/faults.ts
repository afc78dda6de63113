import type { Undo } from '../faults/environment/environment.js';
import { sealEnvelope } from './envelope.js';
import { type EncryptedFields, placeOf } from './fields.js';
import { plaintextsOf } from './fill.js';
import type { KeyService } from './key-service.js';
import { type DemoQuery, inTransaction } from './query.js';
import { DETAILS, FIELD_KEY } from './schema.js';

/** What buggy code does to encrypted fields, for real; each undo writes the rows as they should be. */
export interface FieldFaultParts {
  readonly keys: KeyService;
  readonly fields: EncryptedFields;
  readonly withQuery: <Result>(work: (query: DemoQuery) => Promise<Result>) => Promise<Result>;
}

/** A form without encryption: the NI number is written to the field as plaintext, and also to the audit image. */
export async function writePlaintext({ withQuery, ...parts }: FieldFaultParts, rows: number): Promise<Undo> {
  const { ids, audits } = await withQuery((query) =>
    inTransaction(query, async () => {
      const chosen = await firstIds(query, rows, 0);
      const written: string[] = [];
      for (const id of chosen) {
        await query(
          `update ${DETAILS} set ni_number = to_jsonb($2::text), updated_at = now() where product_owner_id = $1`,
          [id, plaintextsOf(id).ni_number],
        );
        const [audit] = await query<{ id: string }>(
          `insert into phase_2.product_owner_details_audit (product_owner_id, new_row)
           select product_owner_id, to_jsonb(d) from ${DETAILS} d where product_owner_id = $1 returning id::text`,
          [id],
        );
        if (audit !== undefined) written.push(audit.id);
      }
      return { ids: chosen, audits: written };
    }),
  );
  return () =>
    withQuery(async (query) => {
      await sealAgain(query, parts, ids);
      await query('delete from phase_2.product_owner_details_audit where id = any($1::bigint[])', [audits]);
    });
}

/** A generator of nonces that was seeded twice: the second row gets the nonce of the first. */
export async function reuseNonce({ withQuery, ...parts }: FieldFaultParts): Promise<Undo> {
  const ids = await withQuery(async (query) => {
    const chosen = await firstIds(query, 2, 50);
    const version = await parts.keys.newest(query, FIELD_KEY);
    const key = await parts.keys.dataKey(query, FIELD_KEY, version);
    const nonce = Buffer.from('000102030405060708090a0b', 'hex');
    for (const id of chosen) {
      const plaintext = Buffer.from(plaintextsOf(id).ni_number);
      await write(query, id, sealEnvelope(key, version, placeOf('ni_number', id), plaintext, nonce));
    }
    return chosen;
  });
  return () => withQuery((query) => sealAgain(query, parts, ids));
}

/** A migration that joined by the wrong column: two people have each other's NI number, both complete and valid. */
export async function swapRows({ withQuery, ...parts }: FieldFaultParts): Promise<Undo> {
  const ids = await withQuery((query) =>
    inTransaction(query, async () => {
      const chosen = await firstIds(query, 2, 100);
      const [one, other] = chosen;
      await query(
        `update ${DETAILS} d set ni_number = o.ni_number, updated_at = now() from ${DETAILS} o
         where (d.product_owner_id, o.product_owner_id) in (($1::bigint, $2::bigint), ($2::bigint, $1::bigint))`,
        [one, other],
      );
      return chosen;
    }),
  );
  return () => withQuery((query) => sealAgain(query, parts, ids));
}

async function sealAgain(
  query: DemoQuery,
  { keys, fields }: Omit<FieldFaultParts, 'withQuery'>,
  ids: readonly number[],
): Promise<void> {
  const version = await keys.newest(query, FIELD_KEY);
  for (const id of ids) {
    await write(query, id, await fields.seal(query, 'ni_number', id, plaintextsOf(id).ni_number, version));
  }
}

async function write(query: DemoQuery, id: number, value: unknown): Promise<void> {
  await query(`update ${DETAILS} set ni_number = $2::jsonb, updated_at = now() where product_owner_id = $1`, [
    id,
    JSON.stringify(value),
  ]);
}

async function firstIds(query: DemoQuery, count: number, skip: number): Promise<number[]> {
  const rows = await query<{ id: string }>(
    `select product_owner_id::text as id from ${DETAILS} order by product_owner_id offset $2 limit $1`,
    [count, skip],
  );
  return rows.map(({ id }) => Number(id));
}
