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
    'Promised duration: a run that takes longer has missed.',
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
    'Turns of the schedule judged against the SLA; one that failed or was not answered has missed. Each turn counts once: here, in workflow_runs_uncertain_total or in workflow_runs_dropped_total.',
    {
      values: { sla: ['met', 'missed'] },
    },
  ),
  turnsUnanswered: counter(
    'workflow_turns_unanswered_total',
    'count',
    workflow,
    'Turns of the schedule at which nothing was sent, because an earlier request of the workflow is still open or the portal had asked to wait (Retry-After). Each is also counted as missed; none is in a histogram.',
  ),
  runDuration: histogram(
    'workflow_run_duration_seconds',
    'seconds',
    workflow,
    'Duration of untainted runs that reached an end, failed ones included; logins left out.',
    { bounds: runDurationBounds },
  ),
  stepDuration: histogram(
    'workflow_step_duration_seconds',
    'seconds',
    step,
    'Duration of untainted steps that reached an end.',
    {
      bounds: runDurationBounds,
    },
  ),
  stepPhase: gauge(
    'workflow_step_phase_seconds',
    'seconds',
    [...step, 'phase'],
    'Time the last run spent in each phase of the step, summed over redirects.',
    { values: { phase: stepPhases } },
  ),
  stepFailures: counter('workflow_step_failures_total', 'count', [...step, 'reason'], 'Steps that failed, by reason.', {
    values: { reason: failureReasons },
  }),
  stepRetries: counter('workflow_step_retries_total', 'count', step, 'Further tries of a step after a failure.'),
  certificateExpiry: gauge(
    'workflow_certificate_expiry_timestamp_seconds',
    'timestamp',
    step,
    'When the first certificate expires of the chain that was verified in the last run of the step.',
  ),
  otherCertificateExpiry: gauge(
    'workflow_certificate_other_expiry_timestamp_seconds',
    'timestamp',
    step,
    'When the first expires of the certificates that were sent beside the verified chain, such as an old cross-signed one; clients get in without them. Absent where there is none.',
  ),
  connectAttempts: counter(
    'workflow_connect_attempts_total',
    'count',
    ['portal', 'outcome'],
    "Addresses that were tried to open a connection (RFC 8305), in scheduled runs: connected, failed, or overtaken by a faster one. More than connected means that an address of the portal's name does not answer.",
    { values: { outcome: connectOutcomes } },
  ),
  tlsFilesStale: gauge(
    'workflow_portal_tls_files_stale',
    'boolean',
    ['portal'],
    'Whether the certificate files of the portal, as they are now, cannot be used, so that what was read before stays in use.',
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
    'When the last run ended that had no failed step; 0 before the first.',
  ),
  lastRunSuccess: gauge('workflow_last_run_success', 'boolean', workflow, 'Whether the last run had no failed step.'),
  lastRunDuration: gauge('workflow_last_run_duration_seconds', 'seconds', workflow, 'Duration of the last run.'),
  runsTainted: counter(
    'workflow_runs_tainted_total',
    'count',
    workflow,
    'Scheduled runs disturbed by a late event loop, and so kept out of the histograms. Each is also counted as met, missed or uncertain: lateness only adds, so a disturbed run that was in time has met.',
  ),
  runsUncertain: counter(
    'workflow_runs_uncertain_total',
    'count',
    [...workflow, 'reason'],
    'Scheduled runs of which nobody can tell whether they met their SLA, by reason: slow by no more than the event loop was late, or failed by a fault of ours, such as no file descriptors, a secret that is gone, or a measuring thread that was down. None is counted as met or missed.',
    { values: { reason: uncertainReasons } },
  ),
  runsDropped: counter(
    'workflow_runs_dropped_total',
    'count',
    [...workflow, 'reason'],
    'Turns of the schedule of which nothing is known, by reason: no run started, or its result was given up.',
    {
      values: { reason: dropReasons },
    },
  ),
  loginDuration: histogram(
    'workflow_login_duration_seconds',
    'seconds',
    ['portal'],
    'Duration of logins, outside every SLA.',
    {
      bounds: runDurationBounds,
    },
  ),
  logouts: counter(
    'workflow_logouts_total',
    'count',
    ['portal', 'identity', 'outcome'],
    'Logouts by outcome, where auth.logout asks for them. A failed one may leave a session behind that the portal counts.',
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
    'Whether the last login ended like this; stays so until the next one, and is 0 from a success on.',
    {
      values: { outcome: ['refused', 'failed'] },
    },
  ),
  runsInProgress: gauge(
    'workflow_portal_runs_in_progress',
    'count',
    ['portal'],
    'Runs and logins now in progress on the portal, scheduled or asked for. Each has one request in flight at most.',
  ),
  requestsOpen: gauge(
    'workflow_portal_requests_open',
    'count',
    ['portal'],
    'Requests to the portal that are open beyond their deadline: neither answered to the end nor closed. Each keeps one of the places of limits.maxInFlight.',
  ),
  requestsOpenLimit: gauge(
    'workflow_portal_requests_open_limit',
    'count',
    ['portal'],
    'How many of the places of limits.maxInFlight workflows share; one more is kept for the canary from three places on.',
  ),
} as const;

/** `/probe` answers with these, one workflow on one portal, from a fresh registry. */
export const probeMetrics = {
  success: gauge('probe_success', 'boolean', [], 'Whether the run met its SLA with no failed step.'),
  duration: gauge('probe_duration_seconds', 'seconds', [], 'Duration of the run.'),
  stepDuration: gauge('probe_step_duration_seconds', 'seconds', ['step'], 'Duration of each step.'),
  stepPhase: gauge('probe_step_phase_seconds', 'seconds', ['step', 'phase'], 'Time in each phase of the step.', {
    values: { phase: stepPhases },
  }),
  stepSuccess: gauge('probe_step_success', 'boolean', ['step'], 'Whether the step had no failure.'),
  stepRetries: gauge('probe_step_retries', 'count', ['step'], 'Further tries that the step took after a failure.'),
  certificateExpiry: gauge(
    'probe_certificate_expiry_timestamp_seconds',
    'timestamp',
    ['step'],
    'When the first certificate of the verified chain expires.',
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
