import { windowOf } from '../../pack/metrics/index.js';
import { settings } from './settings.js';

/** How far back each slice reaches, and how far apart they are. */
export const slice = windowOf(settings.sliceSeconds);

/** What a group of its own recorded is read only after this, when it is there whichever group was evaluated first. */
export const settled = windowOf(settings.settledSeconds);

/**
 * The subquery's own step takes each slice exactly once, however often and on whichever side of a range the slices
 * were recorded: a plain range over them would count 5 minutes ten times when evaluated every 30 seconds.
 *
 * Where slices are recorded on the very steps, as vmalert and promtool do, a step that is read before its slice is
 * there takes the one before it once more, and whatever that one holds counts twice.
 */
export function sumOfSlices(series: string, range: string): string {
  return `sum_over_time(${series}[${range}:${slice}] offset ${settled})`;
}
