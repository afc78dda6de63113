import { z } from 'zod';
import { unprocessable } from '../http/errors.js';
import { jsonBody } from '../http/input.js';
import type { Route } from '../http/route.js';

const activities = z.array(
  z.object({
    portfolio_fund_id: z.int(),
    product_id: z.int(),
    activity_type: z.string(),
    activity_timestamp: z.string(),
    amount: z.union([z.number(), z.string(), z.null()]).optional(),
  }),
);

/** The bulk write of the monthly activities page: unauthenticated, and every call leaves rows. */
export const activityLogRoute: Route = {
  method: 'POST',
  path: '/api/holding_activity_logs/bulk',
  access: 'database',
  json: 'model',
  failure: 'Failed to create bulk activity logs',
  async handle(call) {
    const body = jsonBody(call);
    const parsed = activities.safeParse(body);
    if (!parsed.success) {
      throw unprocessable(
        ...parsed.error.issues.map((issue) => ({
          type: 'value_error',
          loc: ['body', ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))],
          msg: issue.message,
          input: body,
        })),
      );
    }
    return call.db.rows(
      `insert into holding_activity_log (product_id, portfolio_fund_id, activity_type, amount, activity_timestamp)
       select product_id, portfolio_fund_id, activity_type, amount, activity_timestamp
       from jsonb_to_recordset($1::jsonb) as a (product_id bigint, portfolio_fund_id bigint, activity_type text,
         amount numeric, activity_timestamp timestamptz) returning *`,
      [JSON.stringify(parsed.data)],
    );
  },
};
