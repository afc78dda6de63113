/**
 * A cell of CSV by RFC 4180. A text that a spreadsheet would take for a formula gets a quote before it; a negative number stays one.
 */
export function csvCell(value: string | number): string {
  const text = String(value);
  const safe = /^(?:[=+@\t\r]|-(?!\d+(?:\.\d+)?$))/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
