/** What encrypts: whether it can be used, does what it must, and is measured. */

import { encryptionMetrics as m } from '../../../pack/encryption/metrics.js';
import { encryptionRecorded as r } from '../../../pack/encryption/recorded.js';
import type { Pack } from '../../../pack/index.js';
import { windowOf } from '../../../pack/metrics/index.js';
import { alertRule, operatingTeam } from '../policy.js';
import { since, unheardOf } from '../presence.js';
import { events, plainNumber, promql } from '../promql.js';
import type { AlertRule } from '../rule.js';
import { settings } from '../settings.js';
import { providerDashboardPath } from './dashboards.js';
import { ofProvider, providerAlert } from './owner.js';
import { isProbed, lastUp, probePatience } from './presence.js';
import { encryptionSettings } from './settings.js';

export function providerAlerts(pack: Pack): readonly AlertRule[] {
  return [
    down(pack),
    selfTestFailed(pack),
    integrity(pack),
    probeStale(pack),
    selfTestStale(pack),
    noData(pack),
    tainted(pack),
    ownFault(pack),
    canariesLost(pack),
    credentialExpiring(pack),
  ];
}

function down(pack: Pack): AlertRule {
  return providerAlert(pack, {
    name: 'EncryptionProviderDown',
    priority: 'high',
    forSeconds: encryptionSettings.downForSeconds,
    expr: `${lastUp} == 0`,
    summary: 'What encrypts and decrypts fields cannot be used.',
    description:
      'No operation of the last rounds got through to {{ $labels.provider }} on {{ $labels.portal }}. Whatever needs a field that it ' +
      'encrypts cannot read or write it.',
  });
}

function selfTestFailed(pack: Pack): AlertRule {
  const hold = windowOf(encryptionSettings.selfTest.holdSeconds);
  return providerAlert(pack, {
    name: 'EncryptionSelfTestFailed',
    priority: 'critical',
    // Each negative test is made with its positive one, so that a single failure says something.
    expr: `min by (portal, provider, test) (min_over_time(${m.selfTest.name}[${hold}])) == 0`,
    summary: 'What encrypts fields does something that encryption must never do.',
    description:
      'The self-test {{ $labels.test }} of {{ $labels.provider }} on {{ $labels.portal }} failed. Its ciphertexts may be readable, ' +
      'changeable or lost.',
  });
}

function integrity(pack: Pack): AlertRule {
  const event = windowOf(settings.eventSeconds);
  return providerAlert(pack, {
    name: 'EncryptionIntegrityErrors',
    priority: 'high',
    expr: events(ofProvider, `increase(${m.errors.name}{reason="integrity"}[${event}])`),
    summary: 'A canary came back from decryption as something else, or was refused as forged.',
    description:
      `{{ $value | humanize }} operations of {{ $labels.provider }} on {{ $labels.portal }} failed in the last ${event} because the ` +
      'ciphertext did not prove genuine. That is no matter of availability.',
  });
}

function probeStale(pack: Pack): AlertRule {
  return providerAlert(pack, {
    name: 'EncryptionProbeStale',
    priority: 'high',
    forSeconds: encryptionSettings.probe.forSeconds,
    expr: `time() - ${r.lastProbe.name} > ${probePatience()}`,
    summary: 'The exporter is up, but a provider of encryption is no longer probed.',
    description:
      'No round of the probe of {{ $labels.provider }} on {{ $labels.portal }} has ended for {{ $value | humanizeDuration }}. Its SLA is ' +
      'not being measured.',
  });
}

function selfTestStale(pack: Pack): AlertRule {
  const { staleSeconds, memorySeconds } = encryptionSettings.selfTest;
  return providerAlert(pack, {
    name: 'EncryptionSelfTestStale',
    priority: 'medium',
    forSeconds: encryptionSettings.probe.forSeconds,
    // Only what was made before: a test that a provider has no notion of has no time at all. One that is down, or cannot
    // be asked, cannot be tested, and one that is not probed is told already.
    expr: promql`
      time() - max by (portal, provider, test) (
        (max_over_time(${m.selfTestTime.name}[${windowOf(memorySeconds)}]) > 0)
        or
        ${since(m.selfTestTime.name)}
      )
      > on (portal, provider) group_left () ${probePatience(staleSeconds)}
      and on (portal, provider) (max ${ofProvider} (${m.up.name}) == 1)
      and on (portal, provider) ${isProbed}
    `,
    summary: 'A provider of encryption is timed, but one of its self-tests can no longer be made.',
    description:
      'The self-test {{ $labels.test }} of {{ $labels.provider }} on {{ $labels.portal }} was last made ' +
      '{{ $value | humanizeDuration }} ago, or the exporter has been up for that long without it. Whether the provider still does ' +
      'what it shows is not known.',
  });
}

/** A standing fact: it ends when a person has seen it, or once a new record proves as much as the lost one did. */
function canariesLost(pack: Pack): AlertRule {
  return providerAlert(pack, {
    name: 'EncryptionCanariesLost',
    priority: 'medium',
    expr: `max ${ofProvider} (${m.canariesLost.name}) == 1`,
    summary: 'The record of what was sealed long ago is lost: nobody knows whether it still opens.',
    description:
      'The record of aged canaries of {{ $labels.provider }} on {{ $labels.portal }} is damaged, gone, or cannot be kept. Whether ' +
      'values that were stored before still open is not known.',
  });
}

function credentialExpiring(pack: Pack): AlertRule {
  const { share, mostSeconds } = encryptionSettings.credential;
  const left = `(max ${ofProvider} (${m.credentialExpiry.name}) - time())`;
  const lifetime = `max ${ofProvider} (${m.credentialLifetime.name})`;
  return providerAlert(pack, {
    name: 'EncryptionCredentialExpiring',
    priority: 'high',
    expr: promql`
      (${left} < clamp_max(${plainNumber(share)} * ${lifetime}, ${mostSeconds}))
      or
      (${left} < ${mostSeconds} unless ${lifetime})
    `,
    summary: 'The token or password with which a provider of encryption is used ends soon, and nothing renews it.',
    description:
      'What the exporter logs in to {{ $labels.provider }} on {{ $labels.portal }} with ends in {{ $value | humanizeDuration }}; below ' +
      'zero it has ended. Whatever else uses the same token or password stops with it.',
  });
}

function noData(pack: Pack): AlertRule {
  return alertRule(pack, {
    name: 'EncryptionNoData',
    priority: 'medium',
    forSeconds: pack.alerting.noDataForSeconds,
    expr: unheardOf('portal, provider', 'team', r.lastSeen, m.info.name),
    summary: 'A provider of encryption is no longer measured: nobody knows whether its SLA is met.',
    description:
      'Nothing has been heard of {{ $labels.provider }} on {{ $labels.portal }} for {{ $value | humanizeDuration }}, and the exporter ' +
      'that measured it is down, or its collector fails.',
    dashboard: providerDashboardPath,
  });
}

function tainted(pack: Pack): AlertRule {
  const { windowSeconds, ratio, forSeconds } = encryptionSettings.tainted;
  const range = windowOf(windowSeconds);
  const count = (series: string) => `sum ${ofProvider} (increase(${series}[${range}]))`;
  const unjudged = `(${count(m.undecided.name)} + ${count(`${m.uncertain.name}{reason="event-loop"}`)})`;
  return providerAlert(pack, {
    name: 'EncryptionMeasurementTainted',
    priority: 'medium',
    forSeconds,
    expr: promql`
      ${unjudged}
      / (${unjudged} + ${count(m.operations.name)} > 0)
      > ${plainNumber(ratio)}
    `,
    summary: 'The exporter is too busy to tell whether encryption keeps its promise.',
    description:
      `{{ $value | humanizePercentage }} of the operations of {{ $labels.provider }} on {{ $labels.portal }} in the last ${range} were ` +
      'disturbed so much by the exporter itself that nobody can tell whether they kept the promise.',
  });
}

/** What stands between us and a provider, and is ours to mend. The operations count neither for nor against it. */
function ownFault(pack: Pack): AlertRule {
  const { windowSeconds, forSeconds } = settings.ownFault;
  const range = windowOf(windowSeconds);
  return alertRule(pack, {
    name: 'EncryptionExporterFault',
    priority: 'medium',
    team: operatingTeam(pack),
    forSeconds,
    // Not the increase of a counter: rounds may be a day apart, and the last one is true until the next.
    expr: promql`
      max by (portal, provider, reason) (max_over_time(${m.ownFault.name}{reason!="event-loop"}[${range}])) > 0
    `,
    summary: 'The exporter itself, or what it was set up with, stands between it and a provider of encryption.',
    description:
      'Fault of ours on the way to {{ $labels.provider }} on {{ $labels.portal }} in its last rounds: {{ $labels.reason }}. ' +
      'Operations that it ended are uncertain: neither met nor missed. Nobody measures what they would have told.',
    dashboard: providerDashboardPath,
  });
}
