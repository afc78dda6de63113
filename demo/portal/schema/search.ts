/** The database function behind the search box: five kinds of entity, best 50, lapsed products included. */
export const SEARCH_SQL = `
create function global_search_entities(search_term text)
returns table (entity_type text, entity_id bigint, entity_name text, entity_description text, relevance_score integer)
language plpgsql stable as $search$
declare
  needle text := lower(search_term);
begin
  return query
  with candidate (kind, ref, label, detail, also) as (
    select 'client_group'::text, g.id, g.name,
      format('Client: %s (%s) - Advisor: %s', g.name, g.type, coalesce(g.advisor, 'None')), g.advisor
    from client_groups g where g.status = 'active'
    union all
    select 'product_owner', o.id, coalesce(o.known_as, concat_ws(' ', o.firstname, o.surname)),
      format('Product Owner: %s', concat_ws(' ', o.firstname, o.surname)), concat_ws(' ', o.firstname, o.surname)
    from product_owners o where o.status = 'active'
    union all
    select 'product', p.id, p.product_name,
      format('Product: %s%s', p.product_name, case when p.status = 'active' then '' else ' (LAPSED)' end), p.plan_number
    from client_products p
    union all
    select 'fund', f.id, f.fund_name::text, format('Fund: %s (%s)', f.fund_name, f.isin_number), f.isin_number
    from available_funds f where f.status = 'active'
    union all
    select 'provider', v.id, v.name, format('Provider: %s', v.name), null
    from available_providers v where v.status = 'active'
  )
  select c.kind, c.ref, c.label, c.detail,
    case
      when lower(c.label) = needle then 100
      when starts_with(lower(c.label), needle) then 90
      when strpos(lower(c.label), needle) > 0 then 80
      else 70
    end
  from candidate c
  where strpos(lower(c.label), needle) > 0 or strpos(lower(c.also), needle) > 0
  order by 5 desc, 3, 2
  limit 50;
end
$search$;

create function calculate_adhoc_portfolio_valuation(portfolio_id_param bigint) returns numeric
language sql stable as $valuation$
  select coalesce(sum(v.valuation), 0)
  from portfolio_funds f
  join latest_portfolio_fund_valuations v on v.portfolio_fund_id = f.id
  where f.portfolio_id = portfolio_id_param and f.status = 'active'
$valuation$;
`;
