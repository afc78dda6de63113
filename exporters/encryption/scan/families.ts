import { ciphertextStates, encryptionMetrics as metrics } from '../../../pack/encryption/metrics.js';
import { type Family, family } from '../../runtime/metrics/family.js';
import type { KeyState } from '../keys/key-watch.js';
import type { TimingState } from '../timings/timing-watch.js';
import { columnLabel } from './column.js';
import type { PortalWatch } from './portal-watch.js';
import { judge } from './verdict.js';
import type { ColumnState } from './watch.js';

/** NIST SP 800-38D: no more encryptions under one key with random nonces of 96 bits. */
const MOST_INVOCATIONS = 2 ** 32;
const DAY_SECONDS = 86_400;

export function families(watches: readonly PortalWatch[]): Family[] {
  const columns = watches.flatMap((watch) =>
    watch.columns().map((state) => ({
      state,
      intervalMs: watch.encryption.scan?.intervalMs ?? 0,
      ...judged(watch, state),
    })),
  );
  const keys = watches.flatMap((watch) =>
    watch.keys().map((state) => ({ state, watch, labels: keyLabels(watch, state) })),
  );
  const timings = watches.flatMap((watch) =>
    watch.timings().map((state) => ({ portal: watch.encryption.portal, state })),
  );
  const whole = columns.flatMap(({ labels, state, verdict }) =>
    state.whole === undefined || verdict === undefined ? [] : [{ labels, whole: state.whole, verdict }],
  );
  return [
    family(
      metrics.rows,
      whole.flatMap(({ labels, verdict }) =>
        ciphertextStates.map((state) => [{ ...labels, state }, verdict.states[state]] as const),
      ),
    ),
    family(
      metrics.keyVersionRows,
      whole.flatMap(({ labels, verdict }) =>
        verdict.versions.map(([version, rows]) => [{ ...labels, version }, rows] as const),
      ),
    ),
    family(
      metrics.reencryption,
      whole.flatMap(({ labels, verdict: { progressRatio } }) =>
        progressRatio === undefined ? [] : [[labels, progressRatio] as const],
      ),
    ),
    // A counter keeps its value while the column cannot be read: it counts what was found, not the current state.
    family(
      metrics.nonceReuse,
      columns.map(({ labels, state }) => [labels, state.reuseFound]),
    ),
    family(
      metrics.nonceReuseRows,
      whole.map(({ labels, whole: { reuse } }) => [labels, reuse.reduce((sum, { rows }) => sum + rows, 0)]),
    ),
    family(
      metrics.ciphertextCopies,
      whole.map(({ labels, whole: { copies } }) => [labels, copies]),
    ),
    family(
      metrics.repeatsExpected,
      columns.map(({ labels, state: { column } }) => [
        labels,
        (column.deterministic ?? column.path !== undefined) ? 1 : 0,
      ]),
    ),
    family(
      metrics.scanInterval,
      columns.map(({ labels, intervalMs }) => [labels, intervalMs / 1000]),
    ),
    family(
      metrics.scanTime,
      columns.map(({ labels, state }) => [labels, (state.whole?.endedAtMs ?? 0) / 1000]),
    ),
    family(
      metrics.scanProgress,
      columns.flatMap(({ labels, state }) => progressOf(state).map((ratio) => [labels, ratio] as const)),
    ),
    family(
      metrics.scanUp,
      columns.flatMap(({ labels, state: { isUp } }) => (isUp === undefined ? [] : [[labels, isUp ? 1 : 0] as const])),
    ),
    ...keyFamilies(keys),
    ...timingFamilies(timings),
  ];
}

function judged(watch: PortalWatch, { column, whole }: ColumnState) {
  const labels = { portal: watch.encryption.portal, table: column.table, column: columnLabel(column) };
  const verdict = whole === undefined ? undefined : judge(whole.tally, column, watch.knowledge(column.key));
  return { labels, verdict };
}

function progressOf({ isUp, progress, whole }: ColumnState): number[] {
  if (isUp === false) return [];
  if (progress !== undefined) return [progress.ratio];
  return isUp === true && whole !== undefined ? [1] : [];
}

function keyLabels({ encryption }: PortalWatch, { key }: KeyState) {
  return { portal: encryption.portal, key: key.name };
}

type LabelledKey = { state: KeyState; watch: PortalWatch; labels: ReturnType<typeof keyLabels> };

function keyFamilies(keys: readonly LabelledKey[]): Family[] {
  const rotated = keys.flatMap(({ labels, state: { key, knowledge } }) =>
    knowledge.rotatedAtSeconds === undefined ? [] : [{ labels, key, at: knowledge.rotatedAtSeconds }],
  );
  return [
    family(
      metrics.keySourceUp,
      keys.map(({ labels, state: { problem } }) => [labels, problem === undefined ? 1 : 0]),
    ),
    family(
      metrics.keyRotated,
      rotated.map(({ labels, at }) => [labels, at]),
    ),
    family(
      metrics.keyRotationDue,
      rotated.map(({ labels, key, at }) => [labels, at + key.rotateEveryDays * DAY_SECONDS]),
    ),
    family(
      metrics.keyInvocations,
      keys.flatMap(({ labels, watch, state }) => invocations(watch, state).map((ratio) => [labels, ratio] as const)),
    ),
  ];
}

/**
 * Rows under the newest version, as a share of what one version may encrypt. A lower bound: a row that was written
 * twice counts once. Absent until every column of the key has been scanned.
 */
function invocations(watch: PortalWatch, { key }: KeyState): number[] {
  const columns = watch.columns().filter(({ column }) => column.key === key.name);
  let rows = 0;
  for (const { column, whole } of columns) {
    if (whole === undefined) return [];
    rows += judge(whole.tally, column, watch.knowledge(key.name)).newestRows;
  }
  return columns.length === 0 ? [] : [rows / MOST_INVOCATIONS];
}

function timingFamilies(timings: readonly { portal: string; state: TimingState }[]): Family[] {
  const known = timings.flatMap(({ portal, state: { source, recorded } }) =>
    (recorded?.operations ?? []).map((each) => ({
      labels: { portal, source: source.name, operation: each.operation },
      ...each,
    })),
  );
  return [
    family(
      metrics.portalOperations,
      known.map(({ labels, count }) => [labels, count]),
    ),
    family(
      metrics.portalFailures,
      known.flatMap(({ labels, failures }) => (failures === undefined ? [] : [[labels, failures] as const])),
    ),
    family(
      metrics.portalDuration,
      known.flatMap(({ labels, averageSeconds, maxSeconds, p95Seconds }) =>
        Object.entries({ average: averageSeconds, max: maxSeconds, p95: p95Seconds }).flatMap(([statistic, seconds]) =>
          seconds === undefined ? [] : [[{ ...labels, statistic }, seconds] as const],
        ),
      ),
    ),
    family(
      metrics.portalSourceUp,
      timings.flatMap(({ portal, state: { source, recorded, problem } }) =>
        recorded === undefined && problem === undefined
          ? []
          : [[{ portal, source: source.name }, recorded === undefined ? 0 : 1] as const],
      ),
    ),
  ];
}
