import { encryptionMetrics as m, encryptionRecorded as r, runtimeMetrics } from '../../../pack/metrics/index.js';
import { plain, promql } from '../promql.js';
import type { RecordingRule } from '../rule.js';
import { newest, remembered } from '../workflow/presence.js';
import { ofColumn, ofProvider } from './owner.js';
import { encryptionSettings } from './settings.js';

export function presenceRecordings(): readonly RecordingRule[] {
  return [
    remembered(r.lastSeen, m.info.name),
    {
      // Where relabelling drops the identity, the alerts must still fire.
      record: r.identity,
      expr: promql`
        ${newest(ofProvider, 'portal, provider, kind, title, team', m.info.name, r.lastSeen)}
        or on (portal, provider)
        label_replace(max ${ofProvider} (${m.slaTarget.name}) > bool 0, "team", "unassigned", "", "")
      `,
    },
    { record: r.lastProbe, expr: `max ${ofProvider} (\n  ${since(m.probeTime.name).replaceAll('\n', '\n  ')}\n)` },
  ];
}

/** When something last happened or, before the first time, when the exporter began. */
export function since(metric: string): string {
  return promql`
    (${metric} > 0)
    or
    (${metric} == 0) + on (job, instance) group_left () ${runtimeMetrics.configReloadSuccess.name}
  `;
}

/** Seconds without a round of the probe that are no longer normal. */
export function probePatience(leastSeconds: number = encryptionSettings.probe.leastSeconds): string {
  const rounds = `${encryptionSettings.probe.intervals} * max ${ofProvider} (${m.probeInterval.name})`;
  return `clamp_min(${rounds}, ${plain(leastSeconds)})`;
}

/** Seconds without a whole scan that are no longer normal. */
export function scanPatience(): string {
  const { intervals, leastSeconds } = encryptionSettings.scan;
  return `clamp_min(${intervals} * max ${ofColumn} (${m.scanInterval.name}), ${plain(leastSeconds)})`;
}

/** Providers of which a round has ended of late; what is older is not known to be so any more. */
export const isProbed = `(max ${ofProvider} (${m.probeTime.name} > 0) > time() - ${probePatience()})`;
