import { counter, gauge } from '../metrics/declare.js';
import { complianceAreas } from './model/control.js';
import { controlStatuses } from './model/status.js';

const control = ['portal', 'control'] as const;
const obligation = ['portal', 'obligation'] as const;
const statuses = { status: controlStatuses, area: complianceAreas } as const;

export const evaluationFailures = ['unknown', 'broken'] as const;

export const complianceMetrics = {
  board: gauge(
    'compliance_board_info',
    'info',
    ['portal', 'board', 'title', 'team'],
    'A board that is evaluated; the value is always 1.',
  ),
  status: gauge(
    'compliance_control_status',
    'boolean',
    [...control, 'area', 'status'],
    'State of the control after applicability and waivers: 1 for exactly one status.',
    { values: statuses },
  ),
  rawStatus: gauge(
    'compliance_control_raw_status',
    'boolean',
    [...control, 'area', 'status'],
    'What the checks of the control found, before waivers: 1 for exactly one status.',
    { values: statuses },
  ),
  statusSince: gauge(
    'compliance_control_status_since_timestamp_seconds',
    'timestamp',
    control,
    'When the control came to the status that it has, as far as the exporter remembers.',
  ),
  info: gauge(
    'compliance_control_info',
    'info',
    [...control, 'area', 'severity', 'owner', 'title'],
    'Identity of the control; the value is always 1.',
    { values: { area: complianceAreas } },
  ),
  effectiveFrom: gauge(
    'compliance_control_effective_timestamp_seconds',
    'timestamp',
    control,
    'When the control takes effect; absent where it always applied.',
  ),
  comingReady: gauge(
    'compliance_control_coming_ready',
    'boolean',
    control,
    'Whether a control that has yet to take effect would be met today; absent once it has, and where it will not apply.',
  ),
  mapping: gauge(
    'compliance_control_mapping_info',
    'info',
    [...control, 'framework', 'ref', 'confidence'],
    'A rule that the control supports, and whether somebody has confirmed it; the value is always 1.',
  ),
  value: gauge('compliance_control_value', 'count', [...control, 'check'], 'What the check saw last, in its own unit.'),
  threshold: gauge(
    'compliance_control_threshold',
    'count',
    [...control, 'check'],
    'What the value is compared with, in the unit of the check.',
  ),
  evidenceTime: gauge(
    'compliance_control_evidence_timestamp_seconds',
    'timestamp',
    control,
    'Time of the oldest evidence that the state rests on; absent while there is none.',
  ),
  evidenceMaxAge: gauge(
    'compliance_control_evidence_max_age_seconds',
    'seconds',
    control,
    'How old evidence may be; older evidence makes the state unknown.',
  ),
  evaluated: gauge(
    'compliance_control_last_evaluation_timestamp_seconds',
    'timestamp',
    control,
    'When the control was last evaluated; 0 before the first time.',
  ),
  failures: counter(
    'compliance_control_evaluation_failures_total',
    'count',
    [...control, 'reason'],
    'Evaluations with a check that saw nothing (unknown) or whose code failed (broken).',
    { values: { reason: evaluationFailures } },
  ),
  areaScore: gauge(
    'compliance_area_score_ratio',
    'ratio',
    ['portal', 'area'],
    'Share of compliant controls, weighted by severity; waived and unknown ones count as not compliant. Absent where nothing applies.',
    { values: { area: complianceAreas } },
  ),
  areaControls: gauge(
    'compliance_area_controls',
    'count',
    ['portal', 'area', 'status'],
    'How many controls of the area have this status.',
    { values: statuses },
  ),
  waiverExpiry: gauge(
    'compliance_waiver_expiry_timestamp_seconds',
    'timestamp',
    [...control, 'waiver'],
    'When the waiver ends.',
  ),
  obligation: gauge(
    'compliance_obligation_info',
    'info',
    [...obligation, 'title', 'control'],
    'Identity of the obligation, and a control that checks it; empty where none does. The value is always 1.',
  ),
  obligationsOpen: gauge(
    'compliance_obligations_open',
    'count',
    [...obligation, 'bucket'],
    'Open cases by the time that is left to their deadline; absent while the register cannot be read.',
  ),
  registerReadable: gauge(
    'compliance_obligation_register_readable',
    'boolean',
    obligation,
    'Whether the register and all of its cases could be read at the last time; absent before the first.',
  ),
  nextDeadline: gauge(
    'compliance_obligation_next_deadline_timestamp_seconds',
    'timestamp',
    obligation,
    'The earliest deadline of an open case; absent where there is none.',
  ),
  obligationsCompleted: counter(
    'compliance_obligation_completed_total',
    'count',
    [...obligation, 'outcome'],
    'Cases that were completed in time (met), too late (late), or with a deadline that cannot be told (uncertain).',
  ),
  catalogue: gauge(
    'compliance_catalog_info',
    'info',
    ['portal', 'catalogue', 'version', 'sha256'],
    'The catalogue that is evaluated, as the profile made it; the value is always 1.',
  ),
  changeEffective: gauge(
    'compliance_change_effective_timestamp_seconds',
    'timestamp',
    ['portal', 'change', 'impact', 'status'],
    'When a published change of the rules takes effect; 0 where that is not known.',
  ),
  changeControl: gauge(
    'compliance_change_control_info',
    'info',
    ['portal', 'change', 'control'],
    'A control that a published change affects; the value is always 1.',
  ),
  prometheusUp: gauge(
    'compliance_prometheus_up',
    'boolean',
    ['portal'],
    'Whether the Prometheus that checks ask answered the last question; absent before the first.',
  ),
  databaseUp: gauge(
    'compliance_database_up',
    'boolean',
    ['portal', 'database'],
    'Whether the database could be reached at the last time; absent before the first, and where its address is not set.',
  ),
  evidenceKept: gauge(
    'compliance_evidence_kept',
    'boolean',
    ['portal'],
    'Whether evaluations can be written to the evidence store; while they cannot, every control is unknown.',
  ),
  sealConfigured: gauge(
    'compliance_evidence_seal_configured',
    'boolean',
    ['portal'],
    'Whether the evidence is to be sealed.',
  ),
  evidenceSealed: gauge(
    'compliance_evidence_checkpoint_timestamp_seconds',
    'timestamp',
    ['portal'],
    'Time of the newest checkpoint over the evidence; absent where it is not sealed.',
  ),
  accuracy: gauge(
    'compliance_validation_accuracy_ratio',
    'ratio',
    ['portal'],
    'Share of known answers that the evaluator got right in its last examination.',
  ),
  examined: gauge(
    'compliance_validation_timestamp_seconds',
    'timestamp',
    ['portal'],
    'When the evaluator was last examined with known answers; 0 before the first time.',
  ),
} as const;
