import type { Request, Response, Router } from 'express';
import { isSensitiveName } from '../../pack/secrets/secret-shapes.js';
import { scrapeBudgetMs } from '../runtime/deadline.js';
import { formatMs } from '../runtime/format.js';
import { ownOriginOnly } from '../runtime/http/hosts.js';
import { contentTypes, renderFamilies } from '../runtime/metrics/index.js';
import { negotiateFormat } from '../runtime/negotiate.js';
import type { History } from './history.js';
import type { MeasuringThread } from './measuring-thread.js';
import type { WorkflowMetrics } from './metrics.js';
import type { Job } from './plan.js';
import { probeFamilies, readQuery } from './probe.js';
import type { ProbeAnswer } from './protocol.js';
import { type RunResult, whatHappened } from './result.js';
import { runPath } from './sections.js';
import { plainWaterfall, waterfall } from './waterfall.js';

export interface Routed {
  readonly thread: MeasuringThread;
  readonly history: History;
  /** A run on demand does not count for an SLA, but its login is counted as a login. */
  readonly metrics: WorkflowMetrics;
  readonly jobs: () => readonly Job[];
}

/** `/probe`, for runs that Prometheus starts, and the log of each kept run. */
export function mountRoutes(router: Router, routed: Routed): void {
  router.get('/probe', ownOriginOnly, (request, response) => probe(request, response, routed));
  router.get(`${runPath}/:id`, (request, response) => {
    const result = routed.history.find(Number(request.params.id));
    if (result === undefined) {
      response
        .status(404)
        .type('text/plain')
        .send('this run is no longer kept; the landing page / lists those that are\n');
      return;
    }
    response.type('text/plain').send(describe(result));
  });
}

async function probe(request: Request, response: Response, { thread, history, metrics, jobs }: Routed): Promise<void> {
  const query = readQuery(request, response);
  if (query === undefined) return;
  const candidates = jobs().filter(({ workflow }) => workflow.name === query.workflow);
  const job = candidates.find(({ portal }) => query.portal === undefined || portal.name === query.portal);
  if (job === undefined) {
    refuse(response, 404, unknownTarget(query.workflow, candidates, jobs()));
    return;
  }
  if (query.portal === undefined && candidates.length > 1) {
    refuse(response, 400, `${query.workflow} runs on several portals; add &portal= one of ${portalNames(candidates)}`);
    return;
  }
  const { slaSeconds, schedule } = job.workflow;
  const scrapeTimeout = request.get('x-prometheus-scrape-timeout-seconds');
  const budgetMs = scrapeBudgetMs(scrapeTimeout);
  // A run that is cut off too early would look like a time-out of the portal, and leave a request open there.
  if (scrapeTimeout !== undefined && budgetMs < slaSeconds * 1000) {
    const [left, needed] = [formatMs(budgetMs), formatMs(slaSeconds * 1000)];
    refuse(response, 400, `the scrape timeout leaves ${left}, less than the SLA of ${needed}; raise scrape_timeout`);
    return;
  }
  // In a browser, the workflow's own time-out applies.
  const timeoutMs = scrapeTimeout === undefined ? Math.max(budgetMs, schedule.timeoutMs) : budgetMs;
  const answer = await thread.probe(job.workflow.name, job.portal.name, timeoutMs);
  if (answer?.kind !== 'ran') {
    refused(response, answer);
    return;
  }
  history.add(answer.result);
  metrics.record(answer.result);
  const { result } = answer;
  if (query.debug) {
    // SecretText hides references; log lines are already redacted.
    const parts = [
      describe(result),
      `Metrics\n\n${result.verdict === 'uncertain' ? `None: ${noMeasurement(result)}\n` : renderFamilies(probeFamilies(result), 'text')}`,
      `Configuration\n\n${JSON.stringify(job, hideByName, 2)}\n`,
    ];
    response.type('text/plain').send(parts.join('\n'));
    return;
  }
  // As when no place is free: `probe_success 0` would report a fault of the exporter as one of the portal.
  if (result.verdict === 'uncertain') {
    refuse(response, 503, noMeasurement(result));
    return;
  }
  const format = negotiateFormat(request.get('accept'));
  response.set('content-type', contentTypes[format]).end(renderFamilies(probeFamilies(result), format));
}

function noMeasurement(result: RunResult): string {
  return `this run says nothing of the portal (uncertain: ${result.uncertain}): ${whatHappened(result)}`;
}

/**
 * Secrets print as `<secret>` by themselves; this hides values that are not marked as secrets. Variables are, for
 * example, numbers of sample clients, which readers of metrics need not know.
 */
function hideByName(key: string, value: unknown): unknown {
  if (key === 'variables' && typeof value === 'object' && value !== null) return Object.keys(value);
  return typeof value === 'string' && isSensitiveName(key) ? '<secret>' : value;
}

const BUSY_SECONDS = 5;

function refused(response: Response, answer: Exclude<ProbeAnswer, { kind: 'ran' }> | undefined): void {
  if (answer === undefined) {
    refuse(response, 503, 'the measuring thread gives no answer; it is being started again');
  } else if (answer.kind === 'unknown') {
    refuse(response, 404, 'the configuration has just changed; ask again');
  } else {
    response.set('retry-after', String(BUSY_SECONDS));
    refuse(response, 503, `others have all places at this portal (limits.maxInFlight); ask again in ${BUSY_SECONDS} s`);
  }
}

function refuse(response: Response, status: number, message: string): void {
  response.status(status).type('text/plain').send(`${message}\n`);
}

function unknownTarget(workflow: string, candidates: readonly Job[], jobs: readonly Job[]): string {
  if (candidates.length > 0) return `${workflow} does not run on this portal; it runs on ${portalNames(candidates)}`;
  const names = [...new Set(jobs.map((job) => job.workflow.name))];
  return `no workflow '${workflow}' in this process; there are ${names.join(', ') || 'none'}`;
}

function portalNames(jobs: readonly Job[]): string {
  return jobs.map(({ portal }) => portal.name).join(', ');
}

function describe(result: RunResult): string {
  const log = result.log.map(({ atMs, message }) => `${atMs.toFixed(1).padStart(10)} ms  ${message}`);
  return `${waterfall(result, plainWaterfall)}\nLog\n\n${log.join('\n')}\n`;
}
