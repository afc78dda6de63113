import { FIRST_NAMES, FUND_THEMES, PROVIDERS, SURNAMES, TEMPLATES } from './names.js';

/** About thirty items per client group: 4 products with 4 portfolios, 24 holdings and the people who own them. */
export const CLIENT_GROUPS_PER_SCALE = 130;
export const PRODUCTS_PER_GROUP = 4;
export const FUNDS_PER_PORTFOLIO = 6;
const OWNERS_PER_GROUP = 2;
const MONTHS = 6;
const ACTIVITIES_PER_FUND = 3;

// A fixed day instead of today: the same scale gives the same rows on every machine.
const AS_OF = "date '2025-10-31'";
const ACTIVITIES = ['Investment', 'RegularInvestment', 'Withdrawal', 'TaxUplift', 'FundSwitchIn', 'FundSwitchOut'];

const list = (values: readonly string[]) => `(array[${values.map((value) => `'${value}'`).join(',')}])`;
const pick = (values: readonly string[], index: string) => `${list(values)}[1 + (${index}) % ${values.length}]`;

/** Looks random, is not: multiplying by a prime and taking the remainder spreads neighbours apart. */
const spread = (key: string, prime: number, below: number) => `((${key})::bigint * ${prime} % 1000003 % ${below})`;

/** One statement per table, in the order of their references. */
export function rowStatements(scale: number): string[] {
  const groups = CLIENT_GROUPS_PER_SCALE * scale;
  const owners = groups * OWNERS_PER_GROUP;
  const products = groups * PRODUCTS_PER_GROUP;
  const funds = products * FUNDS_PER_PORTFOLIO;
  const valuation = `round((2000 + ${spread('f.id', 7919, 60_000)}) * (1 + (${MONTHS} - m) * 0.006), 2)`;
  const irr = (key: string) => `round(((${spread(key, 104_729, 180_000)} - 30000) / 10000.0)::numeric, 4)`;
  const month = `(${AS_OF} - make_interval(months => m))::date`;

  return [
    `insert into profiles (id, first_name, last_name, email, created_at) values
      (1, 'Probe', 'Synthetic', 'probe@kingston.example', '2024-01-02 09:00:00.123456+00'),
      (2, 'Avery', 'Adviser', 'adviser@kingston.example', '2024-01-02 09:05:00.654321+00')`,
    `insert into profiles (id, first_name, last_name, email, created_at)
      select i, ${pick(FIRST_NAMES, 'i * 5')}, ${pick(SURNAMES, 'i * 7')}, format('adviser%s@kingston.example', i), '2024-01-03 09:00:00.5+00'
      from generate_series(3, 8) i`,
    `insert into available_providers (id, name, theme_color, created_at)
      select i, ${pick(PROVIDERS, 'i - 1')}, '#' || lpad(to_hex(${spread('i', 99_991, 16_777_215)}), 6, '0'), '2023-05-01 08:00:00.25+00'
      from generate_series(1, ${PROVIDERS.length}) i`,
    `insert into available_funds (id, fund_name, isin_number, risk_factor, fund_cost, created_at)
      select i, ${pick(FUND_THEMES, 'i')} || ' ' || chr(65 + (i / 12)::int), 'XX' || lpad(${spread('i', 7919, 1_000_000)}::text, 10, '0'),
        1 + i % 7, round((0.10 + (i % 15) * 0.07)::numeric, 2), '2023-05-01 08:00:00.75+00'
      from generate_series(1, 60) i`,
    `insert into available_portfolios (id, name, created_at)
      select i, ${pick(TEMPLATES, 'i - 1')}, '2023-05-02 08:00:00.1+00' from generate_series(1, ${TEMPLATES.length}) i`,
    `insert into template_portfolio_generations (id, available_portfolio_id, version_number, generation_name, description, status, created_at)
      select i, 1 + (i - 1) % ${TEMPLATES.length}, 1 + (i - 1) / ${TEMPLATES.length},
        ${pick(TEMPLATES, 'i - 1')} || ' ' || (2023 + (i - 1) / ${TEMPLATES.length}), 'Generation for the demo', 'active', '2023-05-03 08:00:00.2+00'
      from generate_series(1, ${TEMPLATES.length * 2}) i`,
    `insert into available_portfolio_funds (template_portfolio_generation_id, fund_id, target_weighting, created_at)
      select g, 1 + (g * 7 + n * 11) % 60, round(100.0 / ${FUNDS_PER_PORTFOLIO}, 2), '2023-05-03 08:00:00.3+00'
      from generate_series(1, ${TEMPLATES.length * 2}) g, generate_series(1, ${FUNDS_PER_PORTFOLIO}) n`,
    `insert into client_groups (id, name, type, status, advisor, advisor_id, created_at)
      select i, ${pick(SURNAMES, 'i')} || ' ' || (array['Family','Household','Estate','Trust'])[1 + i % 4] || ' ' || i,
        (array['Family','Family','Business','Trust'])[1 + i % 4], case when i % 17 = 0 then 'dormant' else 'active' end,
        null, 2 + i % 7, timestamptz '2024-02-01 09:00:00.123456+00' + i % 600 * interval '1 day'
      from generate_series(1, ${groups}) i`,
    `insert into product_owners (id, firstname, surname, known_as, created_at)
      select i, ${pick(FIRST_NAMES, 'i * 5')}, ${pick(SURNAMES, `1 + (i - 1) / ${OWNERS_PER_GROUP}`)}, ${pick(FIRST_NAMES, 'i * 5')},
        '2024-02-01 10:00:00.4+00'
      from generate_series(1, ${owners}) i`,
    `insert into client_group_product_owners (client_group_id, product_owner_id, created_at)
      select 1 + (i - 1) / ${OWNERS_PER_GROUP}, i, '2024-02-01 10:05:00.4+00' from generate_series(1, ${owners}) i`,
    `insert into portfolios (id, portfolio_name, status, start_date, template_generation_id, created_at)
      select i, 'Portfolio ' || i, 'active', date '2024-03-01' + (i % 300)::int,
        case when i % 5 = 0 then null else 1 + i % ${TEMPLATES.length * 2} end, '2024-03-01 09:00:00.6+00'
      from generate_series(1, ${products}) i`,
    `insert into client_products (id, client_id, product_name, product_type, status, start_date, provider_id, portfolio_id,
        plan_number, template_generation_id, fixed_fee_direct, fixed_fee_facilitated, percentage_fee_facilitated, created_at)
      select i, 1 + (i - 1) / ${PRODUCTS_PER_GROUP}, t.kind || ' ' || i, t.kind,
        case when i % 23 = 0 then 'inactive' else 'active' end, date '2024-03-01' + (i % 300)::int, 1 + i % ${PROVIDERS.length}, i,
        'KP-' || lpad(i::text, 7, '0'), case when i % 5 = 0 then null else 1 + i % ${TEMPLATES.length * 2} end,
        case when i % 3 = 0 then '250.00' end, case when i % 4 = 0 then '120.00' end, case when i % 2 = 0 then '0.5' end,
        '2024-03-01 09:05:00.6+00'
      from generate_series(1, ${products}) i,
        lateral (select (array['ISA','GIA','Bond','Pension'])[1 + i % 4] as kind) t`,
    `insert into product_owner_products (product_owner_id, product_id, created_at)
      select 1 + (i - 1) / ${PRODUCTS_PER_GROUP} * ${OWNERS_PER_GROUP} + i % ${OWNERS_PER_GROUP}, i, '2024-03-01 09:10:00.6+00'
      from generate_series(1, ${products}) i`,
    `insert into portfolio_funds (id, portfolio_id, available_funds_id, target_weighting, amount_invested, start_date, status, created_at)
      select i, 1 + (i - 1) / ${FUNDS_PER_PORTFOLIO}, 1 + (i * 7 + i / ${FUNDS_PER_PORTFOLIO}) % 60, round(100.0 / ${FUNDS_PER_PORTFOLIO}, 2),
        2000 + ${spread('i', 7919, 50_000)}, date '2024-03-01' + (i % 300)::int,
        case when i % 19 = 0 then 'inactive' else 'active' end, '2024-03-01 09:15:00.6+00'
      from generate_series(1, ${funds}) i`,
    `insert into portfolio_fund_valuations (id, portfolio_fund_id, valuation_date, valuation, created_at)
      select (f.id - 1) * ${MONTHS} + m + 1, f.id, ${month}, ${valuation}, ${month} + time '18:00'
      from portfolio_funds f, generate_series(0, ${MONTHS - 1}) m`,
    `insert into portfolio_fund_irr_values (id, fund_id, date, irr_result, fund_valuation_id, created_at)
      select v.id, v.portfolio_fund_id, v.valuation_date, ${irr('v.id')}, v.id, v.created_at from portfolio_fund_valuations v`,
    `insert into portfolio_valuations (id, portfolio_id, valuation_date, valuation, created_at)
      select row_number() over (order by f.portfolio_id, v.valuation_date), f.portfolio_id, v.valuation_date, sum(v.valuation), min(v.created_at)
      from portfolio_fund_valuations v join portfolio_funds f on f.id = v.portfolio_fund_id
      group by f.portfolio_id, v.valuation_date`,
    `insert into portfolio_irr_values (id, portfolio_id, date, irr_result, portfolio_valuation_id, created_at)
      select v.id, v.portfolio_id, v.valuation_date, ${irr('v.id')}, v.id, v.created_at from portfolio_valuations v`,
    `insert into holding_activity_log (id, product_id, portfolio_fund_id, activity_type, amount, activity_timestamp, created_at)
      select (f.id - 1) * ${ACTIVITIES_PER_FUND} + n, f.portfolio_id, f.id,
        case when n = 1 then 'Investment' else ${pick(ACTIVITIES, 'f.id + n')} end,
        case when n = 1 then f.amount_invested else 50 + ${spread('f.id + n', 15_485_863, 900)} end,
        f.start_date + n * interval '31 days', f.start_date + n * interval '31 days' + interval '9 hours'
      from portfolio_funds f, generate_series(1, ${ACTIVITIES_PER_FUND}) n`,
    `insert into provider_switch_log (client_product_id, previous_provider_id, new_provider_id, switch_date, description, created_at)
      select p.id, 1 + p.provider_id % ${PROVIDERS.length}, p.provider_id, '2025-01-15 11:00:00+00', 'Moved for lower charges', '2025-01-15 11:00:01.9+00'
      from client_products p where p.id % 40 = 0`,
  ];
}
