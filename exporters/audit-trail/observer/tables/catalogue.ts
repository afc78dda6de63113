import type { AuditTrail } from '../../../../pack/audit-trail/model.js';
import type { Session } from '../../../runtime/postgres/read-only.js';

/**
 * Base tables and partitions of the schemas in scope, and by oid the audit table's own. The storage is that of the
 * snapshot: pg_relation_filenode() would name what came after it, beside a transaction horizon from before.
 */
const RELATIONS = `
select c.oid::text as oid, n.nspname as schema, c.relname as name, c.relkind as kind, c.relpersistence as persistence,
       c.relispartition as is_partition, coalesce(pg_partition_root(c.oid), c.oid)::oid::text as root,
       nullif(c.relfilenode, 0)::text as filenode, s.xmin::text as made, has_any_column_privilege(c.oid, 'select') as readable
from pg_class c join pg_namespace n on n.oid = c.relnamespace
-- Of a system column, which no ALTER TABLE touches.
left join pg_attribute s on s.attrelid = c.oid and s.attname = 'tableoid'
where c.relkind in ('r', 'p') and c.relpersistence <> 't'
  and (n.nspname = any($1) or c.oid = any($2::oid[])
       or (c.relispartition and exists (
             select from pg_class r join pg_namespace rn on rn.oid = r.relnamespace
             where r.oid = pg_partition_root(c.oid) and rn.nspname = any($1))))`;

/** tgtype bits: 1 row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate, 64 instead. */
const TRIGGERS = `
select t.oid::text as oid, t.tgrelid::oid::text as relation, t.tgname as name, t.tgenabled as enabled, t.tgtype::int as type,
       t.tgattr::text = '' as all_columns, t.tgqual is null as unconditional, t.tgdeferrable as deferrable,
       t.tgfoid::oid::text as fn, t.xmin::text as xmin
from pg_trigger t where t.tgrelid = any($1::oid[]) and not t.tgisinternal`;

/** By the index of their names: the catalogue has thousands, and this is asked at each poll. */
const FUNCTIONS = `
select p.oid::text as oid, n.nspname || '.' || p.proname as name, md5(p.prosrc) as digest, p.prosecdef as definer,
       coalesce(p.proconfig, '{}') as config, p.prosrc ~* '\\mexception\\M\\s+\\mwhen\\M' as catches, p.xmin::text as xmin
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where p.oid = any($1::oid[]) or p.oid = any(array(
  select named.oid from unnest($2::text[]) wanted join pg_namespace s on starts_with(wanted, s.nspname || '.')
  join pg_proc named on named.pronamespace = s.oid and named.proname = substr(wanted, length(s.nspname) + 2)))`;

export interface Relation {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly kind: 'r' | 'p';
  readonly persistence: 'p' | 'u';
  readonly is_partition: boolean;
  readonly root: string;
  readonly filenode: string | null;
  /**
   * The 32 bits of the transaction that wrote it into this catalogue: which made it, or restored it, or upgraded the
   * server; and some billions of transactions ago or just now.
   */
  readonly made: string | null;
  readonly readable: boolean;
}

export interface Trigger {
  readonly oid: string;
  readonly relation: string;
  readonly name: string;
  /** O origin, A always, R replica, D disabled. */
  readonly enabled: 'O' | 'A' | 'R' | 'D';
  readonly type: number;
  readonly all_columns: boolean;
  readonly unconditional: boolean;
  readonly deferrable: boolean;
  readonly fn: string;
  readonly xmin: string;
}

export interface TriggerFunction {
  readonly oid: string;
  /** `schema.name`. */
  readonly name: string;
  readonly digest: string;
  readonly definer: boolean;
  readonly config: readonly string[];
  /** Has an EXCEPTION block: it may swallow a record that could not be written. */
  readonly catches: boolean;
  readonly xmin: string;
}

export interface Catalogue {
  readonly relations: readonly Relation[];
  readonly triggers: readonly Trigger[];
  readonly functions: readonly TriggerFunction[];
}

export async function readCatalogue(
  session: Session,
  trail: AuditTrail,
  alsoRelations: readonly string[],
): Promise<Catalogue> {
  const relations = await session.query<Relation & Record<string, unknown>>(RELATIONS, [
    trail.scope.schemas,
    alsoRelations,
  ]);
  const triggers = await session.query<Trigger & Record<string, unknown>>(TRIGGERS, [relations.map(({ oid }) => oid)]);
  const wanted = trail.records?.triggerFunctions ?? [];
  const functions = await session.query<TriggerFunction & Record<string, unknown>>(FUNCTIONS, [
    triggers.map(({ fn }) => fn),
    wanted,
  ]);
  return { relations, triggers, functions };
}
