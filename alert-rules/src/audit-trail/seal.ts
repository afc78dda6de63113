/** Whether what was recorded is still what it was: checkpoints, anchors, verification. */
import { auditMetrics as m } from '../../../pack/audit-trail/metrics.js';
import type { Pack } from '../../../pack/index.js';
import { since } from '../presence.js';
import { promql } from '../promql.js';
import type { AlertRule } from '../rule.js';
import { ofTrail } from './owner.js';
import { sealPatience } from './patience.js';
import { auditSettings } from './settings.js';
import { trailAlert } from './spec.js';

export function sealAlerts(pack: Pack): readonly AlertRule[] {
  return [verificationFailed(pack), verificationOverdue(pack), checkpointStale(pack), sealLag(pack), anchorStale(pack)];
}

const failures = `sum by (portal, trail, kind) (${m.verificationFailures.name})`;

function verificationFailed(pack: Pack): AlertRule {
  return trailAlert(pack, {
    name: 'AuditVerificationFailed',
    priority: 'critical',
    // Not an increase: evidence that contradicts itself does not become sound because an hour has passed.
    expr: `${failures} > 0`,
    summary: 'Sealed audit records are not what they were when they were sealed, or the seal itself was changed.',
    description:
      '{{ $value | humanize }} verifications of the kind {{ $labels.kind }} failed for the trail {{ $labels.trail }} on ' +
      '{{ $labels.portal }}. Treat it as tampering until it is shown to be something else.',
  });
}

function verificationOverdue(pack: Pack): AlertRule {
  return trailAlert(pack, {
    name: 'AuditVerificationOverdue',
    priority: 'medium',
    forSeconds: auditSettings.verificationForSeconds,
    expr: promql`
      max ${ofTrail} (${m.verified.name}) < 1
      unless on (portal, trail) (${failures} > 0)
    `,
    summary: 'Sealed audit records are not verified as often as promised.',
    description:
      'Only {{ $value | humanizePercentage }} of the sealed records of {{ $labels.portal }} were verified within the promised time. ' +
      'A change of the others would be seen late.',
  });
}

const isStale = `time() - max ${ofTrail} (${m.checkpointTime.name} > 0) > ${sealPatience}`;

function checkpointStale(pack: Pack): AlertRule {
  return trailAlert(pack, {
    name: 'AuditCheckpointStale',
    priority: 'high',
    forSeconds: auditSettings.seal.forSeconds,
    expr: promql`
      time() - max ${ofTrail} (
        ${since(m.checkpointTime.name)}
      )
      > ${sealPatience}
    `,
    summary: 'No checkpoint is made any more: what happens to audit records from now on cannot be proven.',
    description:
      'The newest checkpoint of the trail {{ $labels.trail }} on {{ $labels.portal }} is {{ $value | humanizeDuration }} old. Even an ' +
      'interval without records makes one.',
  });
}

function sealLag(pack: Pack): AlertRule {
  return trailAlert(pack, {
    name: 'AuditSealLag',
    priority: 'medium',
    forSeconds: auditSettings.seal.forSeconds,
    // Where no checkpoint is made at all, that is said already.
    expr: promql`
      max ${ofTrail} (${m.sealLag.name}) > ${sealPatience}
      unless on (portal, trail) (${isStale})
    `,
    summary: 'Checkpoints are made, but audit records wait long for theirs.',
    description:
      'The oldest record of {{ $labels.portal }} that no checkpoint covers is {{ $value | humanizeDuration }} old. Until it is covered, ' +
      'it could be changed without leaving a trace.',
  });
}

function anchorStale(pack: Pack): AlertRule {
  const { seconds, forSeconds } = auditSettings.anchor;
  return trailAlert(pack, {
    name: 'AuditAnchorStale',
    priority: 'medium',
    forSeconds,
    // Against the newest checkpoint, not the clock: an anchor cannot be blamed when there is nothing new to bring.
    expr: promql`
      max ${ofTrail} (${m.checkpointTime.name})
      - on (portal, trail) group_right ()
      max by (portal, trail, anchor) (
        ${since(m.anchorTime.name)}
      )
      > ${seconds}
    `,
    summary: 'Checkpoints do not reach a place that keeps a copy of them.',
    description:
      'The anchor {{ $labels.anchor }} of the trail {{ $labels.trail }} on {{ $labels.portal }} is {{ $value | humanizeDuration }} behind ' +
      'the newest checkpoint.',
  });
}
