/**
 * `to_jsonb` calls a type's cast to json where there is one, and in the trigger functions it does so as the owner of
 * the log. So whoever may create a type could let a function of their own delete records. Such a cast is refused unless
 * its function belongs to a superuser, who could delete them anyway.
 */
export function castFunctions(): string {
  return `
create or replace function audit.refuse_casts() returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $kop$
declare
  found regtype;
begin
  select c.castsource::regtype into found
  from pg_cast c join pg_proc p on p.oid = c.castfunc join pg_roles r on r.oid = p.proowner
  where c.casttarget = 'json'::regtype and not r.rolsuper
  limit 1;
  if found is not null then
    raise exception 'the cast from % to json would run as the owner of the audit log', found
      using hint = 'Drop the cast, or have an administrator own its function.';
  end if;
end
$kop$;`;
}
