/** PromQL that several panels share. Metrics are named through the contract only. */
import { foreignSeries } from '../../pack/metrics/foreign.js';

export const { alerts, cpu, eventLoopLag, memory } = foreignSeries;

/** Alerts of this pack that fire now. */
export function firing(matchers = ''): string {
  return `${alerts.name}{pack="kop", alertstate="firing"${matchers}}`;
}

/** True only while the rules are being evaluated: without it a silent Prometheus would look like peace. */
export const rulesAreEvaluated = `count(${firing(', alertname="KopWatchdog"')})`;

/** A count that says 0 when there is none, but nothing when nobody could know. */
export function countOrNone(expr: string, known: string): string {
  return `count(${expr}) or 0 * ${known}`;
}
