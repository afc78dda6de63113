import pg from 'pg';
import { kopCall } from '../../../../exporters/runtime/call.js';
import { InvalidFault } from '../rule.js';
import type { Undo } from './environment.js';

/** What goes wrong in a firm, as its registers show it: the tables that `kop demo` keeps in the schema `compliance`. */
export interface RegisterFaults {
  /** A request for access that came two months ago is still open. */
  leaveRequestOpen(): Promise<Undo>;
  /** A breach that has to be reported is known for so many hours, and not reported. */
  leaveBreachOpen(hours: number): Promise<Undo>;
  /** The backups of the last two days are not there. */
  missBackup(): Promise<Undo>;
  /** The register of complaints cannot be read. */
  hideRegister(): Promise<Undo>;
}

/** @param adminUrl of a superuser; undefined where the database is not the demo's own. */
export function registerFaults(adminUrl: string | undefined): RegisterFaults {
  const change =
    (statement: string, undo: string, values: readonly unknown[] = []) =>
    async (): Promise<Undo> => {
      await asAdministrator(adminUrl, (client) => client.query(statement, [...values]));
      return () => asAdministrator(adminUrl, (client) => client.query(undo));
    };
  return {
    leaveRequestOpen: change(
      "insert into compliance.access_requests (started_at) values (now() - interval '2 months')",
      // Answered late, and not deleted: an open case that disappears is a doubt of its own.
      `update compliance.access_requests set completed_at = now()
       where completed_at is null and started_at < now() - interval '40 days'`,
    ),
    leaveBreachOpen: (hours) =>
      change(
        `insert into compliance.breaches values
         (now() - make_interval(secs => $1 * 3600), true, null, 'a lost notebook', 'eleven clients', 'wiped from afar')`,
        'update compliance.breaches set reported_at = now() where must_be_reported and reported_at is null',
        [hours],
      )(),
    missBackup: change(
      `update compliance.backups set succeeded = false where completed_at > now() - interval '2 days'`,
      'update compliance.backups set succeeded = true',
    ),
    hideRegister: change(
      'alter view compliance.complaint_responses rename to complaint_responses_away',
      'alter view compliance.complaint_responses_away rename to complaint_responses',
    ),
  };
}

async function asAdministrator(adminUrl: string | undefined, work: (client: pg.Client) => Promise<unknown>) {
  if (adminUrl === undefined) throw new InvalidFault([NO_REGISTERS]);
  const client = new pg.Client({ connectionString: adminUrl, application_name: 'kop-demo-register-fault' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query<{ has: boolean }>(
      "select to_regclass('compliance.breaches') is not null as has",
    );
    if (rows[0]?.has !== true) throw new InvalidFault([NO_REGISTERS]);
    await work(client);
  } finally {
    await client.end();
  }
}

const NO_REGISTERS = `this portal has no registers; ${kopCall()} demo keeps them in a database of its own`;
