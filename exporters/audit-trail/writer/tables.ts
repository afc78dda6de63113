import { installMark, printedLiteral, writerRoles } from './names.js';

/**
 * A large image costs its writer most of the time that recording takes. lz4 makes it small at little cost. pglz, which is
 * what a server without lz4 has, costs more than writing the bytes: there, images are kept as they are.
 */
export function storeImages(): string {
  return `
do $kop$
declare
  has_lz4 constant boolean := (select 'lz4' = any(enumvals) from pg_settings where name = 'default_toast_compression');
  wanted constant text := case when has_lz4 then 'extended' else 'external' end;
  part regclass;
begin
  -- By itself it reaches no partition.
  for part in
    select t.relid from pg_partition_tree('audit.log') t join pg_attribute a on a.attrelid = t.relid
    where a.attname = 'new_row' and (a.attstorage <> case when has_lz4 then 'x' else 'e' end or has_lz4 and a.attcompression <> 'l')
  loop
    execute format('alter table %s alter old_row set storage %s, alter new_row set storage %s', part, wanted, wanted);
    if has_lz4 then
      execute format('alter table %s alter old_row set compression lz4, alter new_row set compression lz4', part);
    end if;
  end loop;
end
$kop$;`;
}

export function createTables(): string {
  const comment = `is ${printedLiteral(installMark)}`;
  return `
create schema if not exists audit authorization ${writerRoles.owner};
comment on schema audit ${comment};
set local role ${writerRoles.owner};

create table if not exists audit.installation (
  version integer primary key,
  installed_at timestamptz not null default clock_timestamp(),
  installed_by text not null default session_user,
  baseline boolean not null
);
comment on table audit.installation ${comment};

-- Which tables are recorded: read by the event triggers when a table appears.
create table if not exists audit.scope (
  kind text not null check (kind in ('include', 'exclude')),
  pattern text not null,
  reason text,
  primary key (kind, pattern)
);
comment on table audit.scope ${comment};

-- One row a change. No CHECK: PostgreSQL would parse it anew for each record. The sequence keeps its default CACHE 1: a larger one would let ids and time disagree.
create table if not exists audit.log (
  id bigserial,
  xact_id xid8 not null default pg_current_xact_id(),
  ts timestamptz not null default clock_timestamp(),
  op text not null,
  relid oid not null,
  table_schema text not null,
  table_name text not null,
  pk jsonb,
  actor text,
  actor_kind text,
  application text,
  session_role text default session_user,
  correlation_id text,
  reason text,
  old_row jsonb,
  new_row jsonb,
  primary key (id, ts)
) partition by range (ts);
comment on table audit.log ${comment};
comment on column audit.log.pk is 'Key after the change; the key before it is in old_row. Null where the table has no primary key, a hash where the key is large.';
create index if not exists log_xact_id_id on audit.log (xact_id, id);
create index if not exists log_row on audit.log (table_schema, table_name, pk, id desc);
create index if not exists log_ts on audit.log using brin (ts);

-- So that no change fails, and none goes unrecorded, when nobody has made next month's partition.
create table if not exists audit.log_default partition of audit.log default;
${storeImages()}

-- Apart from audit.log, whose rows must stay equal in number to the changes that the counters see.
create table if not exists audit.ddl_log (
  id bigserial primary key,
  xact_id xid8 not null default pg_current_xact_id(),
  ts timestamptz not null default clock_timestamp(),
  event text not null,
  tag text not null,
  object_type text,
  object_identity text,
  relid oid,
  detail text,
  actor text,
  application text,
  session_role text default session_user
);
comment on table audit.ddl_log ${comment};
reset role;`;
}
