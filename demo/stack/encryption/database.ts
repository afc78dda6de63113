import pg from 'pg';
import type { DemoDatabase } from '../../postgres/index.js';
import { limitedRole, newSecret } from '../limited-role.js';

export interface PreparedDatabase {
  /** For reading ciphertext columns, keys and the portal's own record. */
  readonly scanUrl: string;
  /** Absent where pgcrypto is neither there nor can be had. */
  readonly canary?: { readonly url: string; readonly passphrase: string };
}

const SCAN_ROLE = 'kop_demo_scan';
const CANARY_ROLE = 'kop_demo_canary';

/**
 * Two roles with no more rights than they need, as docs/encryption.md asks for: one reads what is scanned, the other
 * reads nothing at all and calls pgcrypto. Somebody else's server gets no roles and no extension from us: there we
 * come as the portal does, and every look is a read-only transaction all the same.
 */
export async function preparedDatabase({ url, adminUrl, server }: DemoDatabase): Promise<PreparedDatabase> {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const passphrase = newSecret();
    if (server === undefined) {
      return {
        scanUrl: url,
        ...((await extensionSchema(client)) === undefined ? {} : { canary: { url, passphrase } }),
      };
    }
    const scanUrl = await limitedRole(client, url, SCAN_ROLE, scanGrants);
    await haveExtension(client);
    const schema = await extensionSchema(client);
    if (schema === undefined) return { scanUrl };
    const usage = `grant usage on schema ${client.escapeIdentifier(schema)} to ${CANARY_ROLE};`;
    const canaryUrl = await limitedRole(client, url, CANARY_ROLE, usage);
    return { scanUrl, canary: { url: canaryUrl, passphrase } };
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The columns that are scanned and those that lead to them; of names and addresses it sees nothing. */
const scanGrants = `
grant usage on schema phase_2 to ${SCAN_ROLE};
grant select (product_owner_id, ni_number, dob, phone) on phase_2.product_owner_details to ${SCAN_ROLE};
grant select (id, new_row) on phase_2.product_owner_details_audit to ${SCAN_ROLE};
grant select on phase_2.encryption_key_rotation_log, phase_2.encryption_audit_log to ${SCAN_ROLE};
`;

async function extensionSchema(client: pg.Client): Promise<string | undefined> {
  const { rows } = await client.query<{ schema: string }>(
    `select n.nspname::text as schema from pg_extension e join pg_namespace n on n.oid = e.extnamespace
     where e.extname = 'pgcrypto'`,
  );
  return rows[0]?.schema;
}

async function haveExtension(client: pg.Client): Promise<void> {
  try {
    await client.query(`
      create schema if not exists kop_demo_crypto;
      create extension if not exists pgcrypto schema kop_demo_crypto`);
  } catch {
    // These server binaries come without the contributed modules.
  }
}
