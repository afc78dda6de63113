import { encryptionMetrics as m } from '../../../pack/encryption/metrics.js';
import { columnStates, providerStates, encryptionRecorded as r } from '../../../pack/encryption/recorded.js';
import type { Pack } from '../../../pack/index.js';
import { foreignSeries } from '../../../pack/metrics/foreign.js';
import { atLeast, promql } from '../promql.js';
import type { RecordingRule } from '../rule.js';
import { ofColumn, ofProvider } from './owner.js';
import { isProbed, lastUp, scanPatience } from './presence.js';

/**
 * One number for each provider and each column, so that dashboards need not judge. `or` takes the first that applies:
 * broken stays broken while nobody looks. A provider that is not probed is unknown, however urgent that is.
 */
export function encryptionStateRecordings(pack: Pack): readonly RecordingRule[] {
  return [providerState(pack), columnState()];
}

function providerState(pack: Pack): RecordingRule {
  const firing = (matchers: string) =>
    `max ${ofProvider} (${foreignSeries.alerts.name}{alertname=~"Encryption.+", alertstate="firing"${matchers}, provider!=""})`;
  return {
    record: r.state,
    expr: promql`
      ${providerStates.broken} * (
        ${firing(', severity="critical", alertname!="EncryptionProbeStale"')}
        or
        (${lastUp} == bool 0 == 1)
        or
        (min ${ofProvider} (${m.selfTest.name}) == bool 0 == 1)
      )
      or
      ${providerStates.noData} * (
        max ${ofProvider} (${r.identity.name})
        unless (${isProbed} and max ${ofProvider} (${m.up.name}))
      )
      or
      ${providerStates.atRisk} * (
        ${firing(', severity="warning"')}
        or
        count ${ofProvider} (
          ${r.errorRatio('1h').name} > ${r.errorBudget.name}
          and ${r.missed('1h').name} ${atLeast(pack.alerting.minimumMissedRuns)}
        )
      )
      or
      ${providerStates.met} * max ${ofProvider} (${r.identity.name})
    `,
  };
}

function columnState(): RecordingRule {
  const rows = (states: string) => `(sum ${ofColumn} (${m.rows.name}{state=~"${states}"}) > bool 0 == 1)`;
  const isScanned = `(max ${ofColumn} (${m.scanTime.name} > 0) > time() - ${scanPatience()})`;
  return {
    record: r.columnState,
    expr: promql`
      ${columnStates.exposed} * (
        ${rows('plaintext_suspect')}
        or
        (max ${ofColumn} (${m.nonceReuseRows.name}) > bool 0 == 1)
      )
      or
      ${columnStates.notScanned} * (count ${ofColumn} (${m.scanTime.name}) > bool 0 unless ${isScanned})
      or
      ${columnStates.partly} * ${rows('malformed|wrapped|unknown_version|revoked_version')}
      or
      ${columnStates.encrypted} * (max ${ofColumn} (${m.scanTime.name}) > bool 0 == 1)
    `,
  };
}
