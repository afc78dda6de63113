import { recorded } from '../metrics/record.js';

/** Values of `audit_trail:state:code`, the worst the highest: a proven fault must not sink beneath what is unknown. */
export const auditTrailStates = { proven: 1, atRisk: 2, unproven: 3, noData: 4, absent: 5, broken: 6 } as const;

/** Values of `audit_trail:table_state:code`: the exporter's words, and one for when it does not poll. */
export const auditTableCodes = { ok: 1, explained: 2, suspect: 3, unknown: 4, noData: 5, confirmed: 6 } as const;

const trail = ['portal', 'trail'] as const;
const table = [...trail, 'table'] as const;

export const auditRecorded = {
  lastSeen: recorded(
    'audit_trail:last_seen:timestamp_seconds',
    'timestamp',
    [...trail, 'title', 'team', 'job', 'instance'],
    'When the trail was last scraped. Kept for an hour, and for as long as its target is configured but down.',
  ),
  identity: recorded(
    'audit_trail:identity:info',
    'info',
    [...trail, 'title', 'team'],
    'One series for each trail, to join its team; the value is always 1.',
  ),
  absent: recorded(
    'audit_trail:absent:info',
    'info',
    trail,
    'There only while a portal has no audit trail at all: no records to read, and no table with an effective trigger.',
  ),
  wasCovered: recorded(
    'audit_trail:was_covered:info',
    'info',
    table,
    'There for each table that is, or once was, fully covered, for as long as it is in scope.',
  ),
  unprovenSince: recorded(
    'audit_trail:unproven_since:timestamp_seconds',
    'timestamp',
    table,
    'Since when a table has been suspect or unknown without a break.',
  ),
  tableState: recorded(
    'audit_trail:table_state:code',
    'count',
    table,
    'State of the table: 1 ok, 2 explained, 3 suspect, 4 unknown, 5 no data (nobody polls), 6 confirmed.',
  ),
  state: recorded(
    'audit_trail:state:code',
    'count',
    trail,
    'State of the trail: 1 proven, 2 at risk, 3 unproven, 4 no data, 5 absent, 6 broken.',
  ),
} as const;
