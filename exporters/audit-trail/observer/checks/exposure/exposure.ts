import { z } from 'zod';
import type { exposureKinds } from '../../../../../pack/audit-trail/metrics.js';
import type { Session } from '../../../../runtime/postgres/read-only.js';
import type { DeepReadonly } from '../../../deep-readonly.js';
import type { Check } from '../../check.js';
import { forgotten } from '../../forgotten.js';
import { countReaders } from './readers.js';

/**
 * Roles that can log in and could change data or records unseen, each under the first heading that fits: what a
 * superuser can do needs no further mention. `member` covers rights through membership.
 */
const EXPOSURE = `
with r as (
  select r.oid, r.rolname, r.rolsuper, r.rolbypassrls,
    has_parameter_privilege(r.oid, 'session_replication_role', 'SET') as replication_role,
    exists (select from pg_class c where c.oid = any($1::oid[] || $2::oid[]) and pg_has_role(r.oid, c.relowner, 'member')) as owner,
    exists (select from pg_class c where c.oid = any($2::oid[])
            and (has_any_column_privilege(r.oid, c.oid, 'UPDATE') or has_table_privilege(r.oid, c.oid, 'DELETE')
                 or has_table_privilege(r.oid, c.oid, 'TRUNCATE') or has_table_privilege(r.oid, c.oid, 'TRIGGER'))) as mutates,
    -- Where the application writes the records, its role must be able to.
    $3 and exists (select from pg_class c where c.oid = any($2::oid[]) and has_any_column_privilege(r.oid, c.oid, 'INSERT')) as forges,
    -- As the server's own user, which may write any of its files.
    pg_has_role(r.oid, 'pg_execute_server_program', 'member') or pg_has_role(r.oid, 'pg_write_server_files', 'member') as programs
  from pg_roles r where r.rolcanlogin)
select count(*) filter (where rolsuper)::int as superuser,
       count(*) filter (where not rolsuper and replication_role)::int as replication_role,
       count(*) filter (where not rolsuper and owner)::int as owner,
       count(*) filter (where not rolsuper and not owner and mutates)::int as mutate_records,
       count(*) filter (where not rolsuper and not owner and not mutates and forges)::int as forge_records,
       count(*) filter (where not rolsuper and programs)::int as server_programs,
       count(*) filter (where not rolsuper and rolbypassrls)::int as bypass_rls,
       coalesce(array_agg(rolname::text order by rolname) filter (where rolsuper or replication_role or owner or mutates or forges or programs), '{}') as names
from r`;

export type ExposureKind = (typeof exposureKinds)[number];

export interface ExposureResult {
  readonly counts: Readonly<Record<ExposureKind, number>>;
  /** For `kop audit status`; never a label. */
  readonly names: readonly string[];
}

async function readExposure(
  session: Session,
  audited: readonly string[],
  records: readonly string[],
  isWrittenByTrigger: boolean,
): Promise<ExposureResult> {
  const [row] = await session.query<Record<ExposureKind, number> & { names: string[] }>(EXPOSURE, [
    audited,
    records,
    isWrittenByTrigger,
  ]);
  if (row === undefined) throw new Error('the roles could not be read');
  const { names, ...counts } = row;
  return { counts, names };
}

const memorySchema = z.object({ found: forgotten<ExposureResult>() });

/** Who could change or read the data and the records unseen. */
export const exposureCheck: Check<DeepReadonly<z.infer<typeof memorySchema>>> = {
  name: 'exposure',
  evidence: [],
  memory: memorySchema,
  async run({ tables, sql, read }) {
    const audited = tables.flatMap(({ relation, leaves }) => [relation.oid, ...leaves.map(({ oid }) => oid)]);
    const records = sql === undefined ? [] : [sql.shape.oid, ...sql.shape.leaves, ...sql.shape.archiveLeaves];
    const found = await read((session) =>
      readExposure(session, audited, records, sql?.records.writtenBy === 'trigger'),
    );
    const readers = records.length === 0 ? undefined : await read((session) => countReaders(session, records));
    return {
      memory: { found },
      record(metrics) {
        metrics.exposure(found.counts);
        if (readers !== undefined) metrics.readers(readers);
      },
    };
  },
};
