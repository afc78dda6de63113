/** Checkpoints, anchors and verification; and who could get around them. */
import { auditMetrics as m } from '../../../pack/audit-trail/metrics.js';
import type { DashboardRow } from '../kit/dashboard.js';
import { baseline, colours, field, fixed, shades, thresholds } from '../kit/fields.js';
import { age, faults, joinedTable } from '../kit/joined-table.js';
import { stat, timeseries } from '../kit/panels.js';
import type { Panel } from '../kit/types.js';
import { instant, series, trailSelector, within } from './queries.js';

const day = 86_400;

export function auditSeal(): DashboardRow {
  return {
    title: 'Seal, retention and exposure',
    lines: [
      {
        height: 4,
        panels: [
          [4, checkpoint()],
          [4, sealed()],
          [4, verified()],
          [4, oldestVerification()],
          [4, sweep()],
          [4, oldestRecord()],
        ],
      },
      {
        height: 8,
        panels: [
          [8, anchors()],
          [8, verificationFailures()],
          [8, exposures()],
        ],
      },
      {
        height: 6,
        panels: [
          [8, unreadable()],
          [8, readable()],
          [8, readers()],
        ],
      },
    ],
  };
}

function checkpoint(): Panel {
  return stat({
    title: 'Newest checkpoint',
    description: 'When the newest signed checkpoint was made. Quiet intervals are sealed too, so that it is never old.',
    unit: 'dateTimeFromNow',
    noValue: 'No seal',
    targets: [instant(`1000 * (max(max_over_time(${m.checkpointTime.name}${trailSelector}[1d])) > 0)`)],
    thresholds: thresholds({ value: null, color: 'text' }),
  });
}

function sealed(): Panel {
  return stat({
    title: 'Records under it',
    description: 'How many records the newest checkpoint covers, and how many of them were lawfully disposed of since.',
    unit: 'short',
    noValue: 'No seal',
    targets: [
      instant(`max(${m.checkpointSize.name}${trailSelector})`, 'Sealed'),
      instant(`max(${m.disposed.name}${trailSelector})`, 'Disposed of'),
    ],
    thresholds: thresholds({ value: null, color: 'text' }),
  });
}

function verified(): Panel {
  return stat({
    title: 'Verified in time',
    description: 'Share of the sealed records that were read again and found as sealed within the promised time.',
    unit: 'percentunit',
    decimals: 1,
    noValue: 'No seal',
    targets: [instant(`min(${m.verified.name}${trailSelector})`)],
    thresholds: thresholds(
      { value: null, color: colours.bad },
      { value: 0.9, color: 'orange' },
      { value: 1, color: colours.good },
    ),
  });
}

function oldestVerification(): Panel {
  return stat({
    title: 'Oldest verification',
    description:
      'When the chunk of records that was verified longest ago was verified: how late a change would be seen. Nothing, while a ' +
      'chunk differs.',
    unit: 'dateTimeFromNow',
    noValue: 'Not known',
    targets: [instant(`1000 * (min(${m.oldestVerification.name}${trailSelector}) > 0)`)],
    thresholds: thresholds({ value: null, color: 'text' }),
  });
}

function sweep(): Panel {
  return stat({
    title: 'Whole sweep takes',
    description: 'How long replaying and verifying everything takes at the present pace.',
    unit: 's',
    noValue: 'Not known',
    targets: [
      instant(`max(${m.fullScanPeriod.name}${within('sweep="replay"')})`, 'Replay'),
      instant(`max(${m.fullScanPeriod.name}${within('sweep="verify"')})`, 'Verify'),
    ],
    thresholds: thresholds({ value: null, color: 'text' }),
  });
}

function oldestRecord(): Panel {
  return stat({
    title: 'Oldest record',
    description: 'Time of the oldest record, archive included; red when something that must be kept is gone.',
    unit: 'dateTimeFromNow',
    noValue: 'No records',
    targets: [
      instant(`1000 * max(${m.retentionOldest.name}${trailSelector})`, 'Oldest'),
      instant(`sum(${m.retentionViolations.name}${trailSelector})`, 'Violations'),
    ],
    thresholds: thresholds({ value: null, color: 'text' }),
    overrides: [
      field('Violations', {
        unit: 'short',
        thresholds: thresholds({ value: null, color: 'text' }, { value: 1, color: colours.bad }),
      }),
    ],
  });
}

function anchors(): Panel {
  const reached = `max by (anchor) (${m.anchorTime.name}${trailSelector})`;
  return joinedTable({
    title: 'Anchors',
    description:
      'Places outside the database that keep a copy of the checkpoints, and how far each is behind the newest.',
    nobody: 'None: checkpoints are kept in one place, or not made',
    identity: reached,
    key: ['anchor'],
    labels: { anchor: { title: 'Anchor' } },
    leading: ['anchor'],
    columns: [
      { title: 'Reached', expr: `1000 * (${reached} > 0)`, nothing: 'Never', properties: age('Never') },
      {
        title: 'Behind',
        expr: `clamp_min(scalar(max(${m.checkpointTime.name}${trailSelector})) - (${reached} > 0), 0)`,
        nothing: 'Never reached',
        properties: {
          ...faults('red', 'Never reached'),
          unit: 's',
          thresholds: thresholds(
            { value: null, color: colours.unknown },
            { value: 0, color: 'text' },
            { value: 600, color: 'dark-orange' },
            { value: day / 24, color: colours.bad },
          ),
        },
      },
    ],
  });
}

function verificationFailures(): Panel {
  return timeseries({
    title: 'Failed verifications',
    description:
      'Open, by kind: a chunk of records that differs, a signature, a size that shrank, a fork, an anchor that says otherwise. The ' +
      'line at zero says that there was verifying and nothing failed.',
    unit: 'short',
    min: 0,
    draw: 'bars',
    stacked: true,
    noValue: 'No data: nothing is sealed, so nothing can be verified',
    targets: [
      series(`sum by (kind) (${m.verificationFailures.name}${trailSelector}) > 0`, '{{kind}}'),
      series(`0 * sum(${m.verificationFailures.name}${trailSelector})`, 'verified'),
    ],
    overrides: [shades('^(?!verified$)', 'red'), baseline('verified')],
  });
}

function exposures(): Panel {
  return timeseries({
    title: 'Roles that could change data or records unseen',
    description: 'Each role under the first heading that fits. A step up is somebody who was given more rights.',
    unit: 'short',
    min: 0,
    softMax: 2,
    noValue: 'No data: roles have not been looked at',
    targets: [series(`max by (exposure) (${m.bypassRoles.name}${trailSelector})`, '{{exposure}}')],
    fill: 0,
    overrides: [
      fixed('superuser', 'text'),
      fixed('owner', colours.neutral),
      fixed('mutate_records', colours.bad),
      fixed('forge_records', colours.bad),
      fixed('server_programs', 'orange'),
      fixed('replication_role', 'orange'),
      fixed('bypass_rls', colours.unknown),
    ],
  });
}

function unreadable(): Panel {
  return timeseries({
    title: 'Records that an export cannot read',
    description:
      'Records are exported and parsed over and over. What is no JSON, or has no time, is there and says nothing.',
    unit: 'short',
    min: 0,
    softMax: 2,
    noValue: 'No data: no records were exported yet',
    targets: [series(`max by (part) (${m.unreadable.name}${trailSelector})`, '{{part}}')],
    fill: 0,
    overrides: [fixed('image', colours.bad), fixed('time', 'orange')],
  });
}

function readable(): Panel {
  return stat({
    title: 'All records read once',
    description: 'When the last whole pass over all records ended, each exported and parsed.',
    unit: 'dateTimeFromNow',
    noValue: 'Not yet',
    targets: [instant(`1000 * (max(${m.readableTime.name}${trailSelector}) > 0)`)],
    thresholds: thresholds({ value: null, color: 'text' }),
  });
}

function readers(): Panel {
  return timeseries({
    title: 'Roles that may read the records',
    description:
      'By whether the server records it when they do. Where that record goes, and who looks, cannot be seen from here.',
    unit: 'short',
    min: 0,
    softMax: 2,
    noValue: 'No data: roles have not been looked at',
    targets: [series(`max by (reading) (${m.readers.name}${trailSelector})`, '{{reading}}')],
    fill: 0,
    overrides: [
      fixed('logged', colours.good),
      fixed('avoidable', colours.neutral),
      fixed('unlogged', colours.bad),
      fixed('unknown', colours.unknown),
    ],
  });
}
