/** A PromQL duration in its largest whole unit, as recordings carry it in their names. */
export type Window = `${number}${'s' | 'm' | 'h' | 'd'}`;

/** 5400 becomes `90m`, 86400 becomes `1d`, and 607.5 `608s`, because Prometheus refuses fractions. */
export function windowOf(exact: number): Window {
  const seconds = Math.ceil(exact);
  if (seconds % 86_400 === 0) return `${seconds / 86_400}d`;
  if (seconds % 3_600 === 0) return `${seconds / 3_600}h`;
  if (seconds % 60 === 0) return `${seconds / 60}m`;
  return `${seconds}s`;
}
