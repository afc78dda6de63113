/** A sample value; both formats write special values like this. */
export function formatValue(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

/**
 * A `le` value. Rules and queries compare it as text, so it is printed as Prometheus 3 and every Go client print it:
 * `1.0` (not `1`), `1e-05`, `1e+06`.
 */
export function formatBound(bound: number): string {
  const [mantissa = '', exponentText = ''] = bound.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 6) {
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  const text = String(bound);
  return text.includes('.') ? text : `${text}.0`;
}
