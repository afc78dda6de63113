/** Three significant digits, without trailing zeros: `2.08 ms`, `45.1 ms`, `210 ms`, `1.5 s`, `30 s`. */
export function formatMs(ms: number): string {
  const [value, unit] = ms >= 999.5 ? [ms / 1000, 's'] : [ms, 'ms'];
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} ${unit}`;
}

/** Decimal units: `99 B`, `40.2 kB`, `5 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, 'kB'] : [bytes / 1e6, 'MB'];
  return `${Number(value.toPrecision(3))} ${unit}`;
}
