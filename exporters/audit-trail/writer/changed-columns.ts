import { foldedImage, partialOperation } from '../records/partial-images.js';
import { writerRoles } from './names.js';

/** A record among so many is whole, so that few have to be read to know what a row was. */
const wholeEvery = 16;

export const changedColumnsVariables = `
  operation text := tg_op;
  old_part jsonb;
  new_part jsonb;
  is_moved boolean;`;

/**
 * Both images come from one row type, so their names are the same, in one order. Values are compared byte by byte: 1.0 and
 * 1.00 are equal, and the record says which of them was there. An update of the key stays whole, because the records before
 * it are under another key.
 */
export const keepChangedColumns = `
  if tg_op = 'UPDATE' and tg_nargs > 0 and record_id % ${wholeEvery} <> 0 then
    select jsonb_object_agg(name, old_value), jsonb_object_agg(name, new_value), bool_or(is_key and is_changed)
      into old_part, new_part, is_moved
    from (
      select name, old_value, new_value, name = any(tg_argv) as is_key, record_image_ne(row(old_value), row(new_value)) as is_changed
      from rows from (jsonb_each(old_image), jsonb_each(new_image)) as columns (name, old_value, again, new_value)) c
    where is_key or is_changed;
    if not is_moved then
      operation := '${partialOperation}';
      old_image := old_part;
      new_image := new_part;
    end if;
  end if;`;

/** By this function the observer knows that the log may hold such records. It stays when the option is left out later. */
export function wholeRowFunction(): string {
  return `
-- What a record leaves, or deletes, with all its columns: select id, audit.whole_row(l) from audit.log l
create or replace function audit.whole_row(entry audit.log) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
as $kop$
  select case when entry.op = '${partialOperation}' then ${foldedImage('audit.log', 'entry', '<=')}
    else coalesce(entry.new_row, entry.old_row) end
$kop$;
revoke all on function audit.whole_row(audit.log) from public;
grant execute on function audit.whole_row(audit.log) to ${writerRoles.observer};`;
}
