import { recorded } from '../metrics/record.js';

/** Values of `compliance:control_state:code`, worst highest, so that the worst of an interval is its maximum. */
export const controlStates = {
  notApplicable: 0,
  compliant: 1,
  waived: 2,
  atRisk: 3,
  unknown: 4,
  nonCompliant: 5,
} as const;

const control = ['portal', 'control'] as const;

export const complianceRecorded = {
  lastSeen: recorded(
    'compliance:last_seen:timestamp_seconds',
    'timestamp',
    ['portal', 'board', 'title', 'team', 'job', 'instance'],
    'When the board was last scraped. Kept for an hour, and for as long as its target is configured but down.',
  ),
  identity: recorded(
    'compliance:identity:info',
    'info',
    ['portal', 'board', 'title', 'team'],
    'One series per board, for joins that add its team; the value is always 1.',
  ),
  controlLastSeen: recorded(
    'compliance:control_last_seen:timestamp_seconds',
    'timestamp',
    [...control, 'area', 'severity', 'title', 'team', 'job', 'instance'],
    'When the control was last scraped, with the team that answers for it; kept for as long as its target is configured but down.',
  ),
  controlIdentity: recorded(
    'compliance:control_identity:info',
    'info',
    [...control, 'area', 'severity', 'title', 'team'],
    'One series per control, for joins that add the team that answers for it; the value is always 1.',
  ),
  controlState: recorded(
    'compliance:control_state:code',
    'count',
    control,
    'State of the control: 0 not applicable, 1 compliant, 2 waived, 3 at risk, 4 unknown, 5 failing. While its exporter is down a failure stays, and all else is unknown.',
  ),
} as const;
