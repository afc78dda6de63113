import { counter, gauge, histogram } from '../metrics/declare.js';
import { failureReasons, stepPhases, uncertainReasons } from '../portal/outcomes.js';

const workflow = ['portal', 'workflow'] as const;
const step = ['portal', 'workflow', 'step'] as const;

export const connectOutcomes = ['connected', 'failed', 'overtaken'] as const;

export const dropReasons = ['overlap', 'late', 'busy', 'reload', 'shutdown'] as const;
export type DropReason = (typeof dropReasons)[number];

/**
 * Bounds shared by every run histogram; each SLA in the pack is added as a bound of its own, because the SLI is the
 * count in the bucket at exactly the SLA.
 */
export const runDurationBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30] as const;

export const workflowMetrics = {
  info: gauge(
    'workflow_info',
    'info',
    ['portal', 'workflow', 'title', 'team', 'tier', 'connection'],
    'Identity of the workflow, for joins; the value is always 1.',
    { values: { connection: ['fresh', 'reuse'] } },
  ),
  slaTarget: gauge(
    'workflow_sla_target_seconds',
    'seconds',
    workflow,
    'Promised duration: a run that takes longer counts as missed.',
  ),
  slaObjective: gauge('workflow_sla_objective_ratio', 'ratio', workflow, 'Promised share of runs that meet the SLA.'),
  scheduleInterval: gauge(
    'workflow_schedule_interval_seconds',
    'seconds',
    workflow,
    'Time between the starts of two runs.',
  ),
  runs: counter(
    'workflow_sla_runs_total',
    'count',
    [...workflow, 'sla'],
    'Turns of the schedule that were counted against the SLA. A turn that failed or got no answer counts as missed. Each turn counts once: here, in workflow_runs_uncertain_total or in workflow_runs_dropped_total.',
    {
      values: { sla: ['met', 'missed'] },
    },
  ),
  turnsUnanswered: counter(
    'workflow_turns_unanswered_total',
    'count',
    workflow,
    'Turns of the schedule at which no request was sent, because an earlier request of the workflow was still open, or because the portal had asked to wait (Retry-After). Each also counts as missed; none is in a histogram.',
  ),
  runDuration: histogram(
    'workflow_run_duration_seconds',
    'seconds',
    workflow,
    'Duration of completed runs, including failed ones. Logins and runs that the event loop disturbed are left out.',
    { bounds: runDurationBounds },
  ),
  stepDuration: histogram(
    'workflow_step_duration_seconds',
    'seconds',
    step,
    'Duration of completed steps. Steps of disturbed runs are left out.',
    {
      bounds: runDurationBounds,
    },
  ),
  stepPhase: gauge(
    'workflow_step_phase_seconds',
    'seconds',
    [...step, 'phase'],
    'Time that the last run spent in each phase of the step, summed over redirects.',
    { values: { phase: stepPhases } },
  ),
  stepFailures: counter('workflow_step_failures_total', 'count', [...step, 'reason'], 'Steps that failed, by reason.', {
    values: { reason: failureReasons },
  }),
  stepRetries: counter('workflow_step_retries_total', 'count', step, 'Retries of a step after a failure.'),
  certificateExpiry: gauge(
    'workflow_certificate_expiry_timestamp_seconds',
    'timestamp',
    step,
    'Earliest expiry of the certificates in the chain that was verified in the last run of the step.',
  ),
  otherCertificateExpiry: gauge(
    'workflow_certificate_other_expiry_timestamp_seconds',
    'timestamp',
    step,
    'Earliest expiry of the certificates that the server sent but that are not in the verified chain, such as an old cross-signed one. Clients do not need them. Absent if there are none.',
  ),
  connectAttempts: counter(
    'workflow_connect_attempts_total',
    'count',
    ['portal', 'outcome'],
    "Connection attempts to single addresses (RFC 8305) in scheduled runs: connected, failed, or overtaken by a faster one. Failed or overtaken attempts mean that an address of the portal's name does not answer.",
    { values: { outcome: connectOutcomes } },
  ),
  tlsFilesStale: gauge(
    'workflow_portal_tls_files_stale',
    'boolean',
    ['portal'],
    'Whether the certificate files of the portal are unusable at present, so that the earlier ones stay in use.',
  ),
  lastRun: gauge(
    'workflow_last_run_timestamp_seconds',
    'timestamp',
    workflow,
    'When the last run ended; 0 before the first.',
  ),
  lastSuccess: gauge(
    'workflow_last_success_timestamp_seconds',
    'timestamp',
    workflow,
    'When the last run without a failed step ended; 0 before the first.',
  ),
  lastRunSuccess: gauge('workflow_last_run_success', 'boolean', workflow, 'Whether the last run had no failed step.'),
  lastRunDuration: gauge('workflow_last_run_duration_seconds', 'seconds', workflow, 'Duration of the last run.'),
  runsTainted: counter(
    'workflow_runs_tainted_total',
    'count',
    workflow,
    'Scheduled runs that a late event loop disturbed, and that are therefore discarded from the histograms. Each also counts as met, missed or uncertain: lateness only adds time, so a disturbed run that was in time has met its SLA.',
  ),
  runsUncertain: counter(
    'workflow_runs_uncertain_total',
    'count',
    [...workflow, 'reason'],
    'Scheduled runs for which it is unknown whether they met their SLA, by reason: the excess over the SLA was no more than the event loop was late, or the exporter itself had a fault, such as no file descriptors, a missing secret, or a measuring thread that was down. They count neither as met nor as missed.',
    { values: { reason: uncertainReasons } },
  ),
  runsDropped: counter(
    'workflow_runs_dropped_total',
    'count',
    [...workflow, 'reason'],
    'Turns of the schedule without a result, by reason: no run started, or its result was discarded.',
    {
      values: { reason: dropReasons },
    },
  ),
  loginDuration: histogram(
    'workflow_login_duration_seconds',
    'seconds',
    ['portal'],
    'Duration of logins; they are not part of any SLA.',
    {
      bounds: runDurationBounds,
    },
  ),
  logouts: counter(
    'workflow_logouts_total',
    'count',
    ['portal', 'identity', 'outcome'],
    'Logouts by outcome, if auth.logout is configured. A failed logout may leave a session that the portal counts.',
    { values: { outcome: ['success', 'failed'] } },
  ),
  logins: counter(
    'workflow_logins_total',
    'count',
    ['portal', 'identity', 'outcome'],
    "Logins by outcome; the identity of a portal's auth: is default.",
    {
      values: { outcome: ['success', 'refused', 'failed'] },
    },
  ),
  loginFailing: gauge(
    'workflow_login_failing',
    'boolean',
    ['portal', 'identity', 'outcome'],
    'Whether the last login ended with this outcome. The value stays until the next login; it is 0 after a success.',
    {
      values: { outcome: ['refused', 'failed'] },
    },
  ),
  runsInProgress: gauge(
    'workflow_portal_runs_in_progress',
    'count',
    ['portal'],
    'Runs and logins in progress at the portal, scheduled or on demand. Each has at most one request in progress.',
  ),
  requestsOpen: gauge(
    'workflow_portal_requests_open',
    'count',
    ['portal'],
    'Requests to the portal that are open beyond their deadline: neither answered completely nor closed. Each uses one of the places of limits.maxInFlight.',
  ),
  requestsOpenLimit: gauge(
    'workflow_portal_requests_open_limit',
    'count',
    ['portal'],
    'Places of limits.maxInFlight that all workflows share. With three or more places, one more is reserved for the canary.',
  ),
} as const;

/** The answer of `/probe`: one workflow on one portal, from a new registry. */
export const probeMetrics = {
  success: gauge('probe_success', 'boolean', [], 'Whether the run met its SLA with no failed step.'),
  duration: gauge('probe_duration_seconds', 'seconds', [], 'Duration of the run.'),
  stepDuration: gauge('probe_step_duration_seconds', 'seconds', ['step'], 'Duration of each step.'),
  stepPhase: gauge('probe_step_phase_seconds', 'seconds', ['step', 'phase'], 'Time in each phase of the step.', {
    values: { phase: stepPhases },
  }),
  stepSuccess: gauge('probe_step_success', 'boolean', ['step'], 'Whether the step had no failure.'),
  stepRetries: gauge('probe_step_retries', 'count', ['step'], 'Retries of the step after a failure.'),
  certificateExpiry: gauge(
    'probe_certificate_expiry_timestamp_seconds',
    'timestamp',
    ['step'],
    'Earliest expiry of the certificates in the verified chain.',
  ),
  failure: gauge(
    'probe_failure_info',
    'info',
    ['step', 'reason'],
    'The first failure of the run; the value is always 1.',
    {
      values: { reason: failureReasons },
    },
  ),
  slaTarget: gauge('probe_sla_target_seconds', 'seconds', [], 'Promised duration of the run.'),
  tainted: gauge('probe_tainted', 'boolean', [], 'Whether a late event loop disturbed the measurement.'),
} as const;
