import type { Connection } from '../database/pool.js';
import { type Decimal, numberOf } from '../database/values.js';

interface FundRow extends Record<string, unknown> {
  readonly id: number;
  readonly available_funds_id: number;
}

interface ValuationRow extends Record<string, unknown> {
  readonly portfolio_fund_id: number;
  readonly valuation: Decimal | null;
  readonly valuation_date: string;
}

interface IrrRow extends Record<string, unknown> {
  readonly fund_id: number;
  readonly irr_result: Decimal | null;
  readonly date: string;
}

/** The holdings of one portfolio with their latest valuation and IRR, as the product and the portfolio page show them. */
export async function fundsOfPortfolio(db: Connection, portfolioId: number | null) {
  const rows = await db.rows<FundRow>('select * from portfolio_funds where portfolio_id = $1 order by id', [
    portfolioId,
  ]);
  const ids = rows.map((row) => row.id);
  const details = await db.rows<{ id: number } & Record<string, unknown>>(
    'select * from available_funds where id = any($1)',
    [rows.map((row) => row.available_funds_id)],
  );
  const valuations = await db.rows<ValuationRow>(
    'select * from latest_portfolio_fund_valuations where portfolio_fund_id = any($1)',
    [ids],
  );
  const irrs = await db.rows<IrrRow>('select * from latest_portfolio_fund_irr_values where fund_id = any($1)', [ids]);
  const detailOf = new Map(details.map((detail) => [detail.id, detail]));
  const valuationOf = new Map(valuations.map((row) => [row.portfolio_fund_id, row]));
  const irrOf = new Map(irrs.map((row) => [row.fund_id, row]));
  return {
    funds: rows.map((row) => {
      const detail = detailOf.get(row.available_funds_id);
      const valuation = valuationOf.get(row.id);
      const irr = irrOf.get(row.id);
      return {
        ...row,
        fund_details: detail,
        fund_name: detail?.fund_name,
        isin_number: detail?.isin_number,
        risk_factor: detail?.risk_factor,
        latest_valuation: valuation,
        market_value: valuation?.valuation,
        valuation_date: valuation?.valuation_date,
        irr_result: irr?.irr_result ?? null,
        irr_date: irr?.date ?? null,
      };
    }),
    valuations: Object.fromEntries(valuationOf),
    irrs: Object.fromEntries(irrOf),
    totalValue: valuations.reduce((sum, row) => sum + numberOf(row.valuation), 0),
  };
}
