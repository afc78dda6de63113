import { formatMs } from '../runtime/format.js';
import type { LandingCell, LandingSection, SectionFinding } from '../runtime/landing/section.js';
import { portalFinding, workflowFinding } from './findings.js';
import type { History, NumberedRun } from './history.js';
import type { Job } from './plan.js';
import type { PortalLoad } from './protocol.js';
import { type RunResult, whatHappened } from './result.js';
import { isUnmade, isUnsent } from './unsent.js';

export interface Shown {
  readonly jobs: readonly Job[];
  readonly history: History;
  readonly portals: readonly PortalLoad[];
  readonly problem: string | undefined;
  /** Sentences about workflows that are left out for some time. */
  readonly leftOut: readonly string[];
  readonly nowMs: number;
}

export const runPath = '/workflow-sla/runs';
const RECENT_ROWS = 20;

/** The landing page's sections on workflows: the state of each, open requests at each portal, and the last failures. */
export function workflowSections({ jobs, history, portals, problem, leftOut, nowMs }: Shown): LandingSection[] {
  const blind = (finding: SectionFinding): SectionFinding =>
    problem === undefined ? finding : { what: finding.what, state: 'unknown', why: problem };
  const sentences = [...(problem === undefined ? [] : [`Nothing below is current: ${problem}.`]), ...leftOut];
  const intro = sentences.length === 0 ? {} : { intro: sentences.join(' ') };
  return [
    {
      title: 'Workflows',
      ...intro,
      table: {
        columns: ['Workflow', 'Portal', 'Last run', 'Took', 'SLA', 'When', 'Try it'],
        rows: jobs.map((job) => jobRow(job, history)),
        empty: 'No workflow belongs to this process. Describe one in pack.yaml, or check --shard.',
      },
      evidence: {
        fineMeans: 'SLA met in the last run, and in every run of the last ten minutes',
        findings: jobs.map((job) => blind(workflowFinding(job, history, nowMs))),
      },
    },
    {
      title: 'Portals',
      table: {
        columns: ['Portal', 'Address', 'Runs in progress', 'Open beyond the deadline'],
        rows: portalRows(jobs, portals),
      },
      evidence: {
        fineMeans: 'a workflow succeeded in its last run, and no request is open beyond the deadline',
        findings: portalNames(jobs).map((name) =>
          blind(
            portalFinding(
              name,
              portals.find(({ portal }) => portal === name),
              jobs.filter(({ portal }) => portal.name === name),
              history,
              nowMs,
            ),
          ),
        ),
      },
    },
    {
      title: 'Last failures',
      intro: 'The five newest of each workflow; they stay when newer runs have come.',
      table: {
        columns: ['Workflow', 'Portal', 'What', 'When', 'Log'],
        rows: history.failures.map(failureRow),
        empty: 'None since this process started.',
      },
    },
    {
      title: 'Newest runs',
      table: {
        columns: ['Workflow', 'Portal', 'Took', 'Verdict', 'When', 'Log'],
        rows: history.recent.slice(0, RECENT_ROWS).map(recentRow),
        empty: 'No run has ended yet.',
      },
    },
  ];
}

function jobRow({ workflow, portal }: Job, history: History): LandingCell[] {
  const last = history.last(workflow.name, portal.name);
  const query = `workflow=${encodeURIComponent(workflow.name)}&portal=${encodeURIComponent(portal.name)}`;
  return [
    { text: workflow.title, note: workflow.name },
    portal.name,
    last === undefined ? { text: 'not yet run', state: 'neutral' } : verdictCell(last.result),
    last === undefined ? '' : { text: took(last.result), href: `${runPath}/${last.id}` },
    formatMs(workflow.slaSeconds * 1000),
    last === undefined ? '' : { time: new Date(last.result.endedAtSeconds * 1000) },
    { text: 'run now', href: `/probe?${query}&debug=true` },
  ];
}

function portalNames(jobs: readonly Job[]): string[] {
  return [...new Set(jobs.map(({ portal }) => portal.name))];
}

function portalRows(jobs: readonly Job[], portals: readonly PortalLoad[]): LandingCell[][] {
  const unique = new Map(jobs.map(({ portal }) => [portal.name, portal]));
  return [...unique.values()].map((portal) => {
    const pulse = portals.find((item) => item.portal === portal.name);
    const open = pulse?.open ?? 0;
    return [
      { text: portal.title, note: portal.name },
      portal.tls.insecureSkipVerify
        ? { text: portal.baseUrl, state: 'warning', note: 'its certificate is not checked' }
        : pulse?.tlsProblem === undefined
          ? portal.baseUrl
          : { text: portal.baseUrl, state: 'warning', note: `${pulse.tlsProblem}; what was read before stays in use` },
      `${pulse?.running ?? 0} of ${portal.limits.maxInFlight}`,
      { text: String(open), state: open === 0 ? 'good' : 'warning' },
    ];
  });
}

function failureRow(kept: NumberedRun): LandingCell[] {
  const { result } = kept;
  return [
    result.workflow,
    result.portal,
    { text: whatHappened(result), state: 'bad' },
    { time: new Date(result.endedAtSeconds * 1000) },
    logLink(kept),
  ];
}

function recentRow(kept: NumberedRun): LandingCell[] {
  const { result } = kept;
  return [
    result.workflow,
    result.portal,
    took(result),
    verdictCell(result),
    { time: new Date(result.endedAtSeconds * 1000) },
    logLink(kept),
  ];
}

/** A run that sent nothing has no duration; 0 ms would look like the fastest run. */
function took(result: RunResult): string {
  return isUnsent(result) || isUnmade(result) ? 'not sent' : formatMs(result.durationSeconds * 1000);
}

function logLink({ id }: NumberedRun): LandingCell {
  return { text: 'log', href: `${runPath}/${id}` };
}

function verdictCell(result: RunResult): LandingCell {
  const note = result.trigger === 'schedule' ? {} : { note: result.trigger };
  if (result.verdict === 'met') return { text: 'met', state: 'good', ...note };
  return {
    text: `${result.verdict}: ${whatHappened(result)}`,
    state: result.verdict === 'missed' ? 'bad' : 'warning',
    ...note,
  };
}
