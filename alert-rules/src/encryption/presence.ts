import { encryptionMetrics as m } from '../../../pack/encryption/metrics.js';
import { encryptionRecorded as r } from '../../../pack/encryption/recorded.js';
import { windowOf } from '../../../pack/metrics/index.js';
import { memberIdentity, remembered, since } from '../presence.js';
import { plainNumber, promql } from '../promql.js';
import type { RecordingRule } from '../rule.js';
import { ofColumn, ofProvider } from './owner.js';
import { encryptionSettings } from './settings.js';

export function encryptionPresenceRecordings(): readonly RecordingRule[] {
  const counts = `max ${ofProvider} (${m.slaTarget.name}) > bool 0`;
  return [
    remembered(r.lastSeen, m.info.name),
    {
      record: r.identity,
      expr: memberIdentity('portal, provider', 'kind, title, team', m.info.name, r.lastSeen, counts),
    },
    {
      record: r.lastProbe,
      expr: promql`
        max ${ofProvider} (
          ${since(m.probeTime.name)}
        )
      `,
    },
  ];
}

/** Seconds without a round of the probe that are no longer normal. */
export function probePatience(leastSeconds: number = encryptionSettings.probe.leastSeconds): string {
  const rounds = `${encryptionSettings.probe.intervals} * max ${ofProvider} (${m.probeInterval.name})`;
  return `clamp_min(${rounds}, ${plainNumber(leastSeconds)})`;
}

/** Seconds without a whole scan that are no longer normal. */
export function scanPatience(): string {
  const { intervals, leastSeconds } = encryptionSettings.scan;
  return `clamp_min(${intervals} * max ${ofColumn} (${m.scanInterval.name}), ${plainNumber(leastSeconds)})`;
}

/** Whether a provider was up when that was last known: a thread or an exporter that begins anew does not end an outage. */
export const lastUp = promql`
  (
    max ${ofProvider} (${m.up.name})
    or
    max ${ofProvider} (last_over_time(${m.up.name}[${windowOf(encryptionSettings.upMemorySeconds)}]))
  )
`;

/** Providers of which a round has ended of late; what is older is not known to be so any more. */
export const isProbed = `(max ${ofProvider} (${m.probeTime.name} > 0) > time() - ${probePatience()})`;
