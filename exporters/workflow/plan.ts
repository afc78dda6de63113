import type { Pack, Portal } from '../../pack/index.js';
import type { Workflow } from '../../pack/workflow/model.js';
import { decodeWithSecrets, encodeWithSecrets } from '../runtime/measuring/transfer.js';

/** One workflow on one portal: the unit that is scheduled, measured and sharded. */
export interface Job {
  readonly workflow: Workflow;
  readonly portal: Portal;
}

/** The name by which a job is sharded and scheduled. */
export function workflowJobName(workflow: string, portal: string): string {
  return `${workflow}@${portal}`;
}

export function workflowJobsOf(pack: Pack): Job[] {
  const portals = new Map(pack.portals.map((portal) => [portal.name, portal]));
  return pack.workflows.flatMap((workflow) =>
    workflow.portals.flatMap((name) => {
      const portal = portals.get(name);
      return portal === undefined ? [] : [{ workflow, portal }];
    }),
  );
}

/**
 * Jobs as plain data for the measuring thread. Secrets are passed as references, never as values; the thread reads them
 * when it needs them.
 */
export function encodeJobs(jobs: readonly Job[]): string {
  return encodeWithSecrets(jobs);
}

/** Equal descriptions give equal texts: this shows whether a reload changed something. */
export function fingerprint(description: Job | Portal): string {
  return encodeWithSecrets(description);
}

export function decodeJobs(text: string): Job[] {
  return decodeWithSecrets<Job[]>(text);
}
