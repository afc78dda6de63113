import type { EncryptedFields } from './fields.js';
import type { KeyService } from './key-service.js';
import { type DemoQuery, inTransaction } from './query.js';
import { CANARY_KEY, ENCRYPTION_SQL, FIELD_KEY, FIELDS } from './schema.js';

/** At scale 100 there are 26,000 people; encrypting all of them would make the start slow and show nothing more. */
const MOST_OWNERS = 2000;
const ROTATED_DAYS_AGO = 3;

/** Invented numbers that cannot be real: QQ is not a prefix of NI numbers, and 01632 is not an area code in use. */
export function plaintextsOf(id: number) {
  const spread = (prime: number, below: number) => (id * prime) % below;
  const day = new Date(Date.UTC(1940 + spread(7, 60), spread(5, 12), 1 + spread(11, 28)));
  return {
    ni_number: `QQ${String(spread(7919, 1_000_000)).padStart(6, '0')}C`,
    dob: day.toISOString().slice(0, 10),
    phone: `01632 960${String(spread(31, 1000)).padStart(3, '0')}`,
  };
}

/** Makes the tables and encrypts what is in them. */
export async function fillEncryptedFields(query: DemoQuery, keys: KeyService, fields: EncryptedFields): Promise<void> {
  keys.forget();
  await inTransaction(query, async () => {
    await query('drop schema if exists phase_2 cascade');
    await query(ENCRYPTION_SQL);
    for (const name of [FIELD_KEY, CANARY_KEY]) {
      await keys.makeVersion(query, name, 'v1');
      await query(
        `insert into phase_2.encryption_key_rotation_log
          (field_path, new_key_version, rotation_date, rotation_type, status, completion_time)
         values ($1, 'v1', now() - make_interval(days => $2), 'manual', 'completed', now() - make_interval(days => $2))`,
        [name, ROTATED_DAYS_AGO],
      );
    }
    const owners = await query<{ id: string }>('select id::text from public.product_owners order by id limit $1', [
      MOST_OWNERS,
    ]);
    const rows: Record<string, unknown>[] = [];
    for (const { id } of owners) {
      const plaintexts = plaintextsOf(Number(id));
      const row: Record<string, unknown> = { product_owner_id: Number(id) };
      for (const field of FIELDS) row[field] = await fields.seal(query, field, Number(id), plaintexts[field], 'v1');
      rows.push(row);
    }
    await query(
      `insert into phase_2.product_owner_details (product_owner_id, ni_number, dob, phone)
       select product_owner_id, ni_number, dob, phone
       from jsonb_to_recordset($1::jsonb) as r (product_owner_id bigint, ni_number jsonb, dob jsonb, phone jsonb)`,
      [JSON.stringify(rows)],
    );
    await query(
      `insert into phase_2.product_owner_details_audit (product_owner_id, new_row)
       select product_owner_id, to_jsonb(d) from phase_2.product_owner_details d order by 1 limit 200`,
    );
  });
  await query('analyze phase_2.product_owner_details, phase_2.product_owner_details_audit');
}

/** Whether every field opens: a demo that was killed may have left behind what a fault had done. */
export async function isHealthy(query: DemoQuery, fields: EncryptedFields): Promise<boolean> {
  const [found] = await query<{ table: string | null }>(
    `select to_regclass('phase_2.product_owner_details')::text as table`,
  );
  if (found?.table === null || found === undefined) return false;
  const rows = await query<{ id: string } & Record<string, unknown>>(
    'select product_owner_id::text as id, ni_number, dob, phone from phase_2.product_owner_details',
  );
  try {
    for (const row of rows) {
      for (const field of FIELDS) await fields.open(query, field, Number(row.id), row[field]);
    }
    return rows.length > 0;
  } catch {
    return false;
  }
}
