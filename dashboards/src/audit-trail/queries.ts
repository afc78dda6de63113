/** What the rows of the audit dashboard share. */
import type { QueryTarget } from '../kit/types.js';

export const trailSelector = '{portal="$portal", trail="$trail"}';

/** The same with more matchers. */
export const within = (matchers: string) => `{portal="$portal", trail="$trail", ${matchers}}`;

export const series = (expr: string, legendFormat: string): QueryTarget => ({ expr, legendFormat });
export const instant = (expr: string, legendFormat = ''): QueryTarget => ({ expr, legendFormat, instant: true });
export const instantTable = (expr: string): QueryTarget => ({ expr, legendFormat: '', instant: true, format: 'table' });
