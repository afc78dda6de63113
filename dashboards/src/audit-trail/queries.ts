/** What the rows of the audit dashboard share. */
import type { Target } from '../kit/types.js';

export const ofTrail = '{portal="$portal", trail="$trail"}';

/** The same with more matchers. */
export const within = (matchers: string) => `{portal="$portal", trail="$trail", ${matchers}}`;

export const series = (expr: string, legendFormat: string): Target => ({ expr, legendFormat });
export const instant = (expr: string, legendFormat = ''): Target => ({ expr, legendFormat, instant: true });
export const instantTable = (expr: string): Target => ({ expr, legendFormat: '', instant: true, format: 'table' });
