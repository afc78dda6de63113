import { encryptionMetrics as m, encryptionRecorded as r, runtimeMetrics } from '../../../pack/metrics/index.js';
import type { Pack } from '../../../pack/model.js';
import { plain, promql } from '../promql.js';
import type { RecordingRule } from '../rule.js';
import { newest, remembered } from '../workflow/presence.js';
import { ofProvider } from './owner.js';
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

/** Seconds without a round of the probe that are no longer normal, for the slowest of the probes. */
export function probePatience(pack: Pack): number {
  const { intervals, leastSeconds } = encryptionSettings.probe;
  return Math.max(leastSeconds, ...pack.encryption.map(({ probe }) => (intervals * probe.intervalMs) / 1_000));
}

export function scanPatience(pack: Pack): number {
  const { intervals, leastSeconds } = encryptionSettings.scan;
  return Math.max(leastSeconds, ...pack.encryption.map(({ scan }) => (intervals * (scan?.intervalMs ?? 0)) / 1_000));
}

/** Providers of which a round has ended of late; what is older is not known to be so any more. */
export function isProbed(pack: Pack): string {
  return `(max ${ofProvider} (${m.probeTime.name} > 0) > time() - ${plain(probePatience(pack))})`;
}
