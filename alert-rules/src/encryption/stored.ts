/** What is stored, and by which keys. */
import { encryptionMetrics as m } from '../../../pack/encryption/metrics.js';
import type { Pack } from '../../../pack/index.js';
import { windowOf } from '../../../pack/metrics/index.js';
import { since } from '../presence.js';
import { plainNumber, promql } from '../promql.js';
import type { AlertRule } from '../rule.js';
import { ofColumn, portalAlert } from './owner.js';
import { scanPatience } from './presence.js';
import { encryptionSettings } from './settings.js';

export function storedAlerts(pack: Pack): readonly AlertRule[] {
  return [
    plaintext(pack),
    unreadable(pack),
    nonceReuse(pack),
    repeated(pack),
    rotationOverdue(pack),
    rotationSoon(pack),
    keyUnknown(pack),
    invocations(pack),
    reencryption(pack),
    scanFailing(pack),
    scanStale(pack),
    ownFailures(pack),
    timings(pack),
  ];
}

function plaintext(pack: Pack): AlertRule {
  return portalAlert(pack, {
    name: 'EncryptionPlaintext',
    priority: 'critical',
    forSeconds: encryptionSettings.rowsForSeconds,
    expr: `sum ${ofColumn} (${m.rows.name}{state="plaintext_suspect"}) > 0`,
    summary: 'A column that must hold nothing but ciphertext holds something that is none.',
    description:
      '{{ $value | humanize }} rows of {{ $labels.table }}.{{ $labels.column }} on {{ $labels.portal }} are not encrypted. Every backup, ' +
      'replica and audit image since then holds them too.',
  });
}

function unreadable(pack: Pack): AlertRule {
  return portalAlert(pack, {
    name: 'EncryptionCiphertextUnreadable',
    priority: 'high',
    forSeconds: encryptionSettings.rowsForSeconds,
    expr: `sum by (portal, table, column, state) (${m.rows.name}{state=~"malformed|wrapped|unknown_version|revoked_version"}) > 0`,
    summary: 'Encrypted values are stored that nobody will be able to decrypt.',
    description:
      '{{ $value | humanize }} rows of {{ $labels.table }}.{{ $labels.column }} on {{ $labels.portal }} ' +
      '{{ if eq $labels.state "malformed" }}look like ciphertext but are broken{{ else }}{{ end }}' +
      '{{ if eq $labels.state "wrapped" }}were encoded or encrypted twice{{ else }}{{ end }}' +
      '{{ if eq $labels.state "revoked_version" }}are under a key version that the key service refuses to decrypt{{ else }}{{ end }}' +
      '{{ if eq $labels.state "unknown_version" }}name a key version that is not known{{ else }}{{ end }}.',
  });
}

function nonceReuse(pack: Pack): AlertRule {
  return portalAlert(pack, {
    name: 'EncryptionNonceReuse',
    priority: 'critical',
    expr: `max ${ofColumn} (${m.nonceReuseRows.name}) > 0`,
    summary:
      'Two values were encrypted with the same key and nonce: whoever has both ciphertexts learns of both values.',
    description:
      '{{ $value | humanize }} rows of {{ $labels.table }}.{{ $labels.column }} on {{ $labels.portal }} share their key version and ' +
      'nonce with another row. With AES-GCM that also lets forgeries pass.',
  });
}

function repeated(pack: Pack): AlertRule {
  return portalAlert(pack, {
    name: 'EncryptionCiphertextRepeated',
    priority: 'medium',
    forSeconds: encryptionSettings.rowsForSeconds,
    // A column of which nothing is declared here is one of an older exporter, and one does not hold for it.
    expr: promql`
      (max ${ofColumn} (${m.ciphertextCopies.name}) > 0)
      unless
      (max ${ofColumn} (${m.repeatsExpected.name}) == 1)
    `,
    summary: 'Whole ciphertexts come more than once, so that whoever reads the table sees which values are equal.',
    description:
      '{{ $value | humanize }} rows of {{ $labels.table }}.{{ $labels.column }} on {{ $labels.portal }} have the whole ciphertext of another ' +
      'row. The column is not declared deterministic.',
  });
}

const due = `max by (portal, key) (${m.keyRotationDue.name})`;

function rotationOverdue(pack: Pack): AlertRule {
  return portalAlert(pack, {
    name: 'EncryptionRotationOverdue',
    priority: 'high',
    expr: `time() - ${due} > 0`,
    summary: 'A key was not rotated when it was due.',
    description:
      'The key {{ $labels.key }} of {{ $labels.portal }} was due to be rotated {{ $value | humanizeDuration }} ago, by the policy for ' +
      'what it protects.',
  });
}

function rotationSoon(pack: Pack): AlertRule {
  const { share, leastSeconds, mostSeconds } = encryptionSettings.rotationSoon;
  const period = `(max by (portal, key) (${m.keyRotationDue.name}) - max by (portal, key) (${m.keyRotated.name}))`;
  return portalAlert(pack, {
    name: 'EncryptionRotationSoon',
    priority: 'low',
    expr: promql`
      (${due} - time() > 0)
      < clamp_max(clamp_min(${plainNumber(share)} * ${period}, ${leastSeconds}), ${mostSeconds})
    `,
    summary: 'A key is due to be rotated soon.',
    description:
      'The key {{ $labels.key }} of {{ $labels.portal }} is due to be rotated in {{ $value | humanizeDuration }}.',
  });
}

function keyUnknown(pack: Pack): AlertRule {
  return portalAlert(pack, {
    name: 'EncryptionKeyUnknown',
    priority: 'medium',
    forSeconds: encryptionSettings.scan.failingForSeconds,
    expr: `max by (portal, key) (${m.keySourceUp.name}) == 0`,
    summary: 'How old a key is cannot be read, so that nobody would notice that it is overdue.',
    description:
      'The versions and the age of the key {{ $labels.key }} of {{ $labels.portal }} cannot be read. Values under a new version would be ' +
      'taken for unknown.',
  });
}

function invocations(pack: Pack): AlertRule {
  return portalAlert(pack, {
    name: 'EncryptionKeyInvocations',
    priority: 'high',
    expr: `max by (portal, key) (${m.keyInvocations.name}) > ${plainNumber(encryptionSettings.invocationsRatio)}`,
    summary: 'A key version has encrypted so much that random nonces will soon no longer be safe.',
    description:
      'The key {{ $labels.key }} of {{ $labels.portal }} has made {{ $value | humanizePercentage }} of the 2^32 encryptions that its ' +
      'present version may make.',
  });
}

function reencryption(pack: Pack): AlertRule {
  const { windowSeconds, movedRatio, rotatedRatio, forSeconds } = encryptionSettings.stalled;
  const window = windowOf(windowSeconds);
  const progress = (at: string) => `max ${ofColumn} (${m.reencryption.name}${at})`;
  const rows = (at: string) =>
    `sum ${ofColumn} (max by (portal, table, column, version) (${m.keyVersionRows.name}${at}))`;
  const newest = (at: string) => `${progress(at)} * ${rows(at)}`;
  const old = (at: string) => `(1 - ${progress(at)}) * ${rows(at)}`;
  const before = ` offset ${window}`;
  return portalAlert(pack, {
    name: 'EncryptionReencryptionStalled',
    priority: 'medium',
    forSeconds,
    // By the rows under old versions, because new rows move the share. After another rotation hardly a row is under the
    // newest version, and the job has begun anew. Without a scan nothing could have changed.
    expr: promql`
      (${progress('')} < 1)
      and (${progress(before)} < 1)
      and (
        ${old('')}
        > ${plainNumber(1 - movedRatio)} * ${old(before)}
      )
      and (
        ${newest('')}
        >= ${plainNumber(rotatedRatio)} * ${newest(before)}
      )
      and (max ${ofColumn} (${m.scanTime.name}) > time() - ${windowSeconds})
    `,
    summary: 'A key was rotated, but the values under its old versions are no longer being re-encrypted.',
    description:
      'For {{ $labels.table }}.{{ $labels.column }} on {{ $labels.portal }}, {{ $value | humanizePercentage }} of the values are under the ' +
      `newest key version. Of those under older versions, less than ${plainNumber(movedRatio * 100)} % were re-encrypted within ${window}.`,
  });
}

function scanFailing(pack: Pack): AlertRule {
  return portalAlert(pack, {
    name: 'EncryptionScanFailing',
    priority: 'medium',
    forSeconds: encryptionSettings.scan.failingForSeconds,
    expr: `max ${ofColumn} (${m.scanUp.name}) == 0`,
    summary: 'A column cannot be read to see whether it is encrypted.',
    description:
      'The scanner cannot read {{ $labels.table }}.{{ $labels.column }} on {{ $labels.portal }}. Whether it holds plaintext is not known.',
  });
}

function scanStale(pack: Pack): AlertRule {
  return portalAlert(pack, {
    name: 'EncryptionScanStale',
    priority: 'medium',
    forSeconds: encryptionSettings.scan.forSeconds,
    // Where it cannot be read at all, that is said already.
    expr: promql`
      time() - max ${ofColumn} (
        ${since(m.scanTime.name)}
      )
      > ${scanPatience()}
      unless (max ${ofColumn} (${m.scanUp.name}) == 0)
    `,
    summary: 'The last whole scan of an encrypted column is old, so that newer plaintext would not have been seen.',
    description:
      'The last whole scan of {{ $labels.table }}.{{ $labels.column }} on {{ $labels.portal }} ended {{ $value | humanizeDuration }} ago, ' +
      'or the exporter has been up for that long without one.',
  });
}

function ownFailures(pack: Pack): AlertRule {
  return portalAlert(pack, {
    name: 'EncryptionPortalFailures',
    priority: 'high',
    forSeconds: encryptionSettings.rowsForSeconds,
    // A refused access is the portal's authorisation at work, and no fault.
    expr: `max by (portal, source, operation) (${m.portalFailures.name}{operation!="access"}) > 0`,
    summary: 'The portal itself writes down that values could not be encrypted or decrypted.',
    description:
      '{{ $value | humanize }} operations {{ $labels.operation }} are recorded as failed in {{ $labels.source }} on {{ $labels.portal }}. ' +
      'Whole ciphertexts that were swapped between rows look right from outside, and show here alone.',
  });
}

function timings(pack: Pack): AlertRule {
  return portalAlert(pack, {
    name: 'EncryptionPortalTimingsUnreadable',
    priority: 'low',
    forSeconds: encryptionSettings.timingsForSeconds,
    expr: `max by (portal, source) (${m.portalSourceUp.name}) == 0`,
    summary: "A portal's own record of its encryption timings cannot be read.",
    description:
      'The table behind {{ $labels.source }} on {{ $labels.portal }} cannot be read. What we measure ourselves is not affected.',
  });
}
