import { z } from 'zod';
import type { Session } from '../../../runtime/postgres/read-only.js';
import type { DeepReadonly } from '../../deep-readonly.js';
import type { RecordsShape } from '../../records/shape.js';

/**
 * What decides how a record is stored, and could change or drop it on its way: one row a part, with a digest. A partition is
 * said to have only what the audit table does not have, so that partitions come and go without a change. The functions are
 * those of the schema of the audit table, and those that its triggers call; the event triggers those that call them. The
 * functions that write the records have fingerprints of their own.
 */
const PARTS = `
with own as (
  select c.oid, c.oid = $1::oid as is_root, case when c.oid = $1::oid then '' else ' of ' || c.relname end as of, c.relrowsecurity, c.relforcerowsecurity
  from pg_class c where c.oid = $1::oid or c.oid = any($2::oid[])),
columns as (
  select o.oid, o.is_root, case when o.is_root then 'column ' else 'own column ' end || a.attname || o.of as name, a.attname,
    concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attgenerated, a.attidentity, pg_get_expr(d.adbin, d.adrelid)) as text
  from own o join pg_attribute a on a.attrelid = o.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum),
triggers as (
  select o.of, t.tgname, t.tgenabled, t.tgfoid, pg_get_triggerdef(t.oid) as text
  from own o join pg_trigger t on t.tgrelid = o.oid and not t.tgisinternal where t.tgparentid = 0),
functions as (
  select p.oid, p.oid::regprocedure::text as name, p.pronamespace::regnamespace || '.' || p.proname as called,
    concat_ws(' ', md5(p.prosrc), p.prosecdef, p.proconfig::text, p.prolang) as text
  from pg_proc p where p.prokind = 'f' and p.oid = any(array(
    select oid from pg_proc where pronamespace = (select relnamespace from pg_class where oid = $1::oid)
    union select tgfoid from triggers))),
watched as (select name, text from functions where called <> all($3))
select name, md5(text) as digest from (
  select name, text from columns where is_root
  union all select c.name, c.text from columns c where not c.is_root
    and not exists (select from columns r where r.is_root and r.attname = c.attname and r.text = c.text)
  union all select 'trigger ' || tgname || of, text || tgenabled::text from triggers
  union all select 'rule ' || r.rulename || o.of, pg_get_ruledef(r.oid) || r.ev_enabled::text
    from own o join pg_rewrite r on r.ev_class = o.oid where r.rulename <> '_RETURN'
  union all select 'policy ' || p.polname || o.of,
      concat_ws(' ', p.polcmd, p.polpermissive, p.polroles::text, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
    from own o join pg_policy p on p.polrelid = o.oid
  union all select 'row-level security' || o.of, 'on ' || o.relforcerowsecurity from own o where o.relrowsecurity
  union all select 'inheritance from ' || i.inhparent::regclass || o.of, '' from own o join pg_inherits i on i.inhrelid = o.oid
    join pg_class c on c.oid = o.oid and not c.relispartition
  union all select 'child ' || c.relname || o.of, '' from own o join pg_inherits i on i.inhparent = o.oid
    join pg_class c on c.oid = i.inhrelid and not c.relispartition
  union all select 'function ' || name, text from watched
  union all select 'event trigger ' || e.evtname, concat_ws(' ', e.evtevent, e.evtenabled, e.evttags::text, e.evtfoid::regproc)
    from pg_event_trigger e where e.evtfoid in (select oid from functions)) parts
order by name`;

const partsSchema = z.record(z.string(), z.string());
export type LogParts = Readonly<z.infer<typeof partsSchema>>;

export const logDefinitionSchema = z.object({
  /** As it was first seen, or accepted by a baseline. */
  accepted: partsSchema,
  now: partsSchema,
});
export type LogDefinition = DeepReadonly<z.infer<typeof logDefinitionSchema>>;

export async function readLogParts(
  session: Session,
  { oid, leaves, archiveOid, archiveLeaves }: RecordsShape,
  writers: readonly string[],
): Promise<LogParts> {
  const others = [leaves, archiveOid ?? [], archiveLeaves].flat();
  const rows = await session.query<{ name: string; digest: string }>(PARTS, [oid, others, writers]);
  return Object.fromEntries(rows.map(({ name, digest }) => [name, digest]));
}

/** @returns such as `trigger x appeared`; empty when both are one. */
export function partsThatDiffer(before: LogParts, now: LogParts): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].sort().flatMap((name) => {
    if (before[name] === now[name]) return [];
    if (before[name] === undefined) return name.startsWith('column ') ? [] : [`${name} appeared`];
    return [now[name] === undefined ? `${name} is gone` : `${name} changed`];
  });
}

/** A column more changes no record, so it is accepted as it came; what happens to it from then on is told. */
export function withNewColumns(before: LogDefinition | undefined, now: LogParts): LogDefinition {
  if (before === undefined) return { accepted: now, now };
  const more = Object.entries(now).filter(([name]) => name.startsWith('column ') && before.now[name] === undefined);
  return { accepted: { ...before.accepted, ...Object.fromEntries(more) }, now };
}
