const latest = (table: string, key: string, date: string, columns: string) => `
create view latest_${table} as
  select distinct on (${key}) id, ${key}, ${columns}, created_at from ${table} order by ${key}, ${date} desc, id desc;
`;

const activityTotal = (type: string, name: string) =>
  `coalesce(sum(hal.amount) filter (where hal.activity_type = '${type}'), 0) as ${name}`;

/**
 * Plain views, none materialised, under the portal's names and column names, with its traps: the cache view computes
 * its timestamp when read, the summary counts a portfolio once per fund, and its fund column is `total_funds` while
 * the dashboard asks for `total_funds_managed`.
 */
export const VIEWS_SQL = `
${latest('portfolio_fund_valuations', 'portfolio_fund_id', 'valuation_date', 'valuation_date, valuation')}
${latest('portfolio_fund_irr_values', 'fund_id', 'date', 'date, irr_result, fund_valuation_id')}
${latest('portfolio_valuations', 'portfolio_id', 'valuation_date', 'valuation_date, valuation')}
${latest('portfolio_irr_values', 'portfolio_id', 'date', 'date, irr_result, portfolio_valuation_id')}

create view company_irr_cache as
  select 'company_irr'::text as calculation_type, avg(i.irr_result) as irr_value, now() as cache_timestamp, 'active'::text as status
  from client_products cp
  join portfolios p on p.id = cp.portfolio_id and p.status = 'active'
  left join latest_portfolio_irr_values i on i.portfolio_id = p.id
  where cp.status = 'active'
  union all
  select 'last_update', null, now(), 'active';

create view analytics_dashboard_summary as
  select sum(v.valuation) as total_fum,
    (select irr_value from company_irr_cache where calculation_type = 'company_irr') as company_irr,
    count(distinct cg.id) as total_clients,
    count(distinct cp.id) as total_accounts,
    count(distinct af.id) as total_funds,
    (select cache_timestamp from company_irr_cache where calculation_type = 'last_update') as last_irr_calculation
  from client_products cp
  join client_groups cg on cg.id = cp.client_id and cg.status = 'active'
  join portfolios p on p.id = cp.portfolio_id and p.status = 'active'
  join portfolio_funds pf on pf.portfolio_id = p.id and pf.status = 'active'
  join available_funds af on af.id = pf.available_funds_id and af.status = 'active'
  left join latest_portfolio_valuations v on v.portfolio_id = p.id
  where cp.status = 'active';

create view fund_distribution_fast as
  select af.id, af.fund_name as name, coalesce(sum(v.valuation), sum(pf.amount_invested), 0) as amount,
    count(pf.id) as fund_holdings
  from available_funds af
  left join portfolio_funds pf on pf.available_funds_id = af.id and pf.status = 'active'
  left join latest_portfolio_fund_valuations v on v.portfolio_fund_id = pf.id
  where af.status = 'active'
  group by af.id, af.fund_name
  order by amount desc;

create view provider_distribution_fast as
  select ap.id, ap.name, coalesce(sum(v.valuation), sum(pf.amount_invested), 0) as amount,
    count(distinct cp.id) as product_count
  from available_providers ap
  left join client_products cp on cp.provider_id = ap.id and cp.status = 'active'
  left join portfolio_funds pf on pf.portfolio_id = cp.portfolio_id and pf.status = 'active'
  left join latest_portfolio_fund_valuations v on v.portfolio_fund_id = pf.id
  where ap.status = 'active'
  group by ap.id, ap.name
  order by amount desc;

create view client_groups_summary as
  select cg.id, cg.name, cg.advisor, cg.type, cg.status, cg.created_at,
    count(cp.id) as total_products,
    count(cp.id) filter (where cp.status = 'active') as active_products,
    (select count(*) from client_group_product_owners o where o.client_group_id = cg.id) as product_owners_count,
    sum(coalesce(v.valuation, 0)) as total_value,
    avg(i.irr_result) as avg_irr,
    max(v.valuation_date) as latest_valuation_date,
    string_agg(distinct ap.name, ', ') as providers_used
  from client_groups cg
  left join client_products cp on cp.client_id = cg.id
  left join available_providers ap on ap.id = cp.provider_id
  left join latest_portfolio_valuations v on v.portfolio_id = cp.portfolio_id
  left join latest_portfolio_irr_values i on i.portfolio_id = cp.portfolio_id
  where cg.status = 'active'
  group by cg.id;

create view client_group_complete_data as
  select cg.id as client_group_id, cg.name as client_group_name, cg.status as client_group_status, cg.type,
    cg.advisor as legacy_advisor_text, cg.advisor_id, cg.created_at,
    cp.id as product_id, cp.product_name, cp.product_type, cp.start_date as product_start_date,
    cp.end_date as product_end_date, cp.status as product_status, cp.portfolio_id, cp.provider_id,
    ap.name as provider_name, ap.theme_color as provider_theme_color, p.portfolio_name,
    count(pf.id) filter (where pf.status = 'active') as active_fund_count,
    count(pf.id) filter (where pf.status <> 'active') as inactive_fund_count,
    coalesce(sum(v.valuation) filter (where pf.status = 'active'), 0) as product_total_value
  from client_groups cg
  left join client_products cp on cp.client_id = cg.id
  left join available_providers ap on ap.id = cp.provider_id
  left join portfolios p on p.id = cp.portfolio_id
  left join portfolio_funds pf on pf.portfolio_id = p.id
  left join latest_portfolio_fund_valuations v on v.portfolio_fund_id = pf.id
  group by cg.id, cp.id, ap.id, p.id;

create view fund_activity_summary as
  select pf.id as portfolio_fund_id, pf.portfolio_id, pf.available_funds_id, af.fund_name, af.isin_number,
    af.risk_factor, af.fund_cost, pf.target_weighting, pf.amount_invested, pf.start_date, pf.status,
    count(hal.id) as activity_count,
    ${activityTotal('Investment', 'total_investments')},
    ${activityTotal('Withdrawal', 'total_withdrawals')},
    ${activityTotal('FundSwitchIn', 'total_switch_in')},
    ${activityTotal('FundSwitchOut', 'total_switch_out')},
    ${activityTotal('RegularInvestment', 'total_regular_investments')},
    ${activityTotal('TaxUplift', 'total_tax_uplift')},
    ${activityTotal('ProductSwitchIn', 'total_product_switch_in')},
    ${activityTotal('ProductSwitchOut', 'total_product_switch_out')},
    max(hal.activity_timestamp) as last_activity_date,
    v.valuation as latest_valuation, v.valuation_date as latest_valuation_date,
    i.irr_result as latest_irr, i.date as latest_irr_date
  from portfolio_funds pf
  join available_funds af on af.id = pf.available_funds_id
  left join holding_activity_log hal on hal.portfolio_fund_id = pf.id
  left join lateral (select valuation, valuation_date from portfolio_fund_valuations x
    where x.portfolio_fund_id = pf.id order by valuation_date desc limit 1) v on true
  left join lateral (select irr_result, date from portfolio_fund_irr_values x
    where x.fund_id = pf.id order by date desc limit 1) i on true
  group by pf.id, af.id, v.valuation, v.valuation_date, i.irr_result, i.date;

create view product_value_irr_summary as
  select cp.id as product_id, cp.product_name, cp.client_id, cp.portfolio_id, cp.provider_id, cp.status,
    cp.start_date, cp.end_date,
    coalesce(v.valuation, 0.0) as total_value,
    coalesce(i.irr_result * v.valuation / 100.0, 0.0) as irr_weighted,
    coalesce(i.irr_result, 0.0) as irr_result,
    v.valuation_date as latest_valuation_date, i.date as latest_irr_date
  from client_products cp
  left join latest_portfolio_valuations v on v.portfolio_id = cp.portfolio_id
  left join latest_portfolio_irr_values i on i.portfolio_id = cp.portfolio_id
  where cp.status = 'active';

create view products_display_view as
  select cp.id, cp.client_id, cp.product_name, cp.product_type, cp.status, cp.start_date, cp.end_date,
    cp.provider_id, cp.portfolio_id, cp.plan_number, cp.created_at,
    cg.name as client_name, cg.advisor as client_advisor, cg.type as client_type,
    ap.name as provider_name, ap.theme_color as provider_theme_color, p.portfolio_name,
    v.valuation as current_value, v.valuation_date as current_value_date,
    i.irr_result as current_irr, i.date as current_irr_date
  from client_products cp
  join client_groups cg on cg.id = cp.client_id and cg.status = 'active'
  left join available_providers ap on ap.id = cp.provider_id
  left join portfolios p on p.id = cp.portfolio_id
  left join latest_portfolio_valuations v on v.portfolio_id = p.id
  left join latest_portfolio_irr_values i on i.portfolio_id = p.id
  where cp.status = 'active';

create view products_list_view as
  select cp.id, cp.client_id, cp.product_name, cp.product_type, cp.status, cp.start_date, cp.end_date,
    cp.provider_id, cp.portfolio_id, cp.plan_number, cp.created_at,
    cg.name as client_name, cg.advisor, cg.type as client_type,
    ap.name as provider_name, ap.theme_color as provider_color, p.portfolio_name, p.status as portfolio_status,
    v.valuation as current_value, v.valuation_date, i.irr_result as current_irr, i.date as irr_date,
    cp.fixed_fee_direct, cp.fixed_fee_facilitated, cp.percentage_fee_facilitated
  from client_products cp
  join client_groups cg on cg.id = cp.client_id and cg.status = 'active'
  left join available_providers ap on ap.id = cp.provider_id
  left join portfolios p on p.id = cp.portfolio_id
  left join latest_portfolio_valuations v on v.portfolio_id = p.id
  left join latest_portfolio_irr_values i on i.portfolio_id = p.id;

create view company_revenue_analytics as
  select
    sum(coalesce(cp.fixed_fee_direct::numeric, 0)) filter (where cp.status = 'active') as total_fixed_direct_revenue,
    sum(coalesce(cp.fixed_fee_facilitated::numeric, 0)) filter (where cp.status = 'active') as total_fixed_facilitated_revenue,
    sum(coalesce(t.total_value * cp.percentage_fee_facilitated::numeric / 100, 0)) filter (where cp.status = 'active')
      as total_percentage_facilitated_revenue,
    sum(coalesce(cp.fixed_fee_direct::numeric, 0) + coalesce(cp.fixed_fee_facilitated::numeric, 0)
      + coalesce(t.total_value * cp.percentage_fee_facilitated::numeric / 100, 0)) filter (where cp.status = 'active')
      as total_annual_revenue,
    count(distinct cp.provider_id) as active_providers,
    count(distinct cp.client_id) as active_clients,
    count(distinct cp.id) as active_products,
    sum(coalesce(t.total_value, 0)) as total_fum,
    avg(cp.percentage_fee_facilitated::numeric) as avg_percentage_facilitated_fee,
    avg(cp.fixed_fee_facilitated::numeric) as avg_fixed_facilitated_fee,
    avg(cp.fixed_fee_direct::numeric) as avg_fixed_direct_fee,
    current_timestamp as calculated_at
  from client_products cp
  left join (
    select pf.portfolio_id, sum(v.valuation) as total_value
    from portfolio_funds pf
    left join latest_portfolio_fund_valuations v on v.portfolio_fund_id = pf.id
    where pf.status = 'active' group by pf.portfolio_id
  ) t on t.portfolio_id = cp.portfolio_id
  where cp.status = 'active';

create view revenue_analytics_optimized as
  select cg.id as client_id, cg.name as client_name, cg.status as client_status, cp.id as product_id,
    cp.fixed_fee_direct, cp.fixed_fee_facilitated, cp.percentage_fee_facilitated, cp.portfolio_id,
    pf.id as portfolio_fund_id, v.valuation as fund_valuation,
    (v.valuation is not null) as has_valuation,
    sum(coalesce(v.valuation, 0)) over w as product_total_fum,
    count(pf.id) over w as product_fund_count,
    count(v.valuation) over w as product_valued_fund_count
  from client_groups cg
  left join client_products cp on cp.client_id = cg.id and cp.status = 'active'
  left join portfolio_funds pf on pf.portfolio_id = cp.portfolio_id and pf.status = 'active'
  left join latest_portfolio_fund_valuations v on v.portfolio_fund_id = pf.id
  where cg.status in ('active', 'dormant')
  window w as (partition by cp.id);

create view template_generation_weighted_risk as
  select g.id, g.available_portfolio_id, g.version_number, g.generation_name, g.description, g.status, g.created_at,
    ap.name as portfolio_name, count(apf.id) as fund_count, avg(af.risk_factor) as avg_risk_factor,
    sum(apf.target_weighting * af.risk_factor) / nullif(sum(apf.target_weighting), 0) as weighted_risk_factor,
    sum(apf.target_weighting) as total_weighting
  from template_portfolio_generations g
  join available_portfolios ap on ap.id = g.available_portfolio_id
  left join available_portfolio_funds apf on apf.template_portfolio_generation_id = g.id
  left join available_funds af on af.id = apf.fund_id and af.status = 'active'
  where g.status = 'active'
  group by g.id, ap.id;
`;

export const VIEW_NAMES = [...VIEWS_SQL.matchAll(/^create view (\w+)/gm)].map((found) => found[1] ?? '');
