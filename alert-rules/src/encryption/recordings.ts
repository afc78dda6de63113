import { encryptionMetrics as m } from '../../../pack/encryption/metrics.js';
import { encryptionRecorded as r } from '../../../pack/encryption/recorded.js';
import type { Pack } from '../../../pack/index.js';
import { promql } from '../promql.js';
import type { RecordingRule } from '../rule.js';
import { slice, sumOfSlices } from '../slices.js';
import { burnWindows, isRaw, type RecordedWindow } from '../windows.js';
import { ofProvider } from './owner.js';
import { encryptionSettings } from './settings.js';

const judged = `operation=~"${encryptionSettings.operations}"`;

function raw(range: string): string {
  return `sum ${ofProvider} (increase(${m.operations.name}{${judged}}[${range}]))`;
}

/** Until an operation first misses there may be no such series, and nothing divided by something is nothing. */
function rawMissed(range: string): string {
  return promql`
    sum ${ofProvider} (increase(${m.operations.name}{${judged}, outcome=~"missed|failed"}[${range}]))
    or
    0 * ${raw(range)}
  `;
}

function windowRules(window: RecordedWindow): readonly RecordingRule[] {
  const { name } = window;
  return [
    { record: r.operations(name), expr: isRaw(window) ? raw(name) : sumOfSlices(r.operationsSlice.name, name) },
    { record: r.missed(name), expr: isRaw(window) ? rawMissed(name) : sumOfSlices(r.missedSlice.name, name) },
    { record: r.errorRatio(name), expr: `${r.missed(name).name} / (${r.operations(name).name} > 0)` },
  ];
}

/** Recorded with the alerts that read them, in one group, so that they are never of different moments. */
export function encryptionWindowRecordings(pack: Pack): readonly RecordingRule[] {
  return [
    { record: r.errorBudget, expr: `1 - max ${ofProvider} (${m.slaObjective.name})` },
    ...burnWindows(pack).flatMap(windowRules),
  ];
}

/** For a group of its own, evaluated once for each slice. */
export function encryptionSliceRecordings(): readonly RecordingRule[] {
  return [
    { record: r.operationsSlice, expr: raw(slice) },
    { record: r.missedSlice, expr: rawMissed(slice) },
  ];
}
