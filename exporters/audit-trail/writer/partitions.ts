import { writerRoles } from './names.js';

export function partitionFunction(): string {
  return `
-- To be called monthly, or oftener, by the administrator's scheduler. It never moves or removes a record.
create or replace function audit.maintain_partitions(months_ahead integer default 3) returns setof text
language plpgsql security definer
  set search_path = pg_catalog, pg_temp
  set timezone = 'UTC'
  -- Of the default partition, which is locked for a moment: who reads the whole log would queue behind this.
  set lock_timeout = '5s'
as $kop$
declare
  first constant timestamptz := date_trunc('month', now());
  month timestamptz;
  next_month timestamptz;
  leaf text;
begin
  -- First, so that two callers wait for each other in one order. No writer waits for this.
  lock table only audit.log in share update exclusive mode;
  for ahead in 0 .. months_ahead loop
    month := first + make_interval(months => ahead);
    next_month := month + interval '1 month';
    leaf := 'log_' || to_char(month, 'YYYY_MM');
    if to_regclass('audit.' || leaf) is not null then
      continue;
    end if;
    if exists (select from audit.log_default where ts >= month and ts < next_month) then
      raise warning 'records of % are in audit.log_default already, and stay there', to_char(month, 'YYYY-MM')
        using hint = 'Call audit.maintain_partitions() before the month begins.';
      continue;
    end if;
    -- Made apart and then attached: CREATE TABLE … PARTITION OF would lock the log against every writer.
    execute format('create table audit.%I (like audit.log including all)', leaf);
    execute format('alter table audit.log attach partition audit.%I for values from (%L) to (%L)', leaf, month, next_month);
    execute format('grant select on audit.%I to ${writerRoles.observer}, ${writerRoles.sealer}', leaf);
    return next 'audit.' || leaf;
  end loop;
end
$kop$;
alter function audit.maintain_partitions(integer) owner to ${writerRoles.owner};`;
}
