import type { Request, Response } from 'express';
import { stepPhases } from '../../pack/portal/outcomes.js';
import { probeMetrics } from '../../pack/workflow/metrics.js';
import { type Family, family } from '../runtime/metrics/index.js';
import type { RunResult } from './result.js';
import { isUnsent } from './unsent.js';

/** One judged run as metric families for `/probe`, created for each answer. */
export function probeFamilies(result: RunResult): Family[] {
  const m = probeMetrics;
  const failed = result.steps.find((step) => step.outcome === 'failed');
  const ran = isUnsent(result) ? [] : result.steps.filter((step) => step.outcome !== 'skipped');
  return [
    family(m.success, [[{}, result.verdict === 'met' ? 1 : 0]]),
    family(m.duration, isUnsent(result) ? [] : [[{}, result.durationSeconds]]),
    family(m.slaTarget, [[{}, result.slaSeconds]]),
    family(m.tainted, [[{}, result.tainted ? 1 : 0]]),
    family(
      m.stepSuccess,
      result.steps.map((step) => [{ step: step.name }, step.outcome === 'ok' ? 1 : 0] as const),
    ),
    family(
      m.stepDuration,
      ran.map((step) => [{ step: step.name }, step.durationMs / 1000] as const),
    ),
    family(
      m.stepPhase,
      ran.flatMap((step) =>
        stepPhases.map((phase) => [{ step: step.name, phase }, (step.phases[phase] ?? 0) / 1000] as const),
      ),
    ),
    family(
      m.stepRetries,
      ran.map((step) => [{ step: step.name }, step.retries] as const),
    ),
    family(
      m.certificateExpiry,
      ran.flatMap(({ name, certificateExpirySeconds: expiry }) =>
        expiry === undefined ? [] : [[{ step: name }, expiry] as const],
      ),
    ),
    family(m.failure, failed?.reason === undefined ? [] : [[{ step: failed.name, reason: failed.reason }, 1]]),
  ];
}

/** The parameters of a probe; the caller checks the names against the configuration. */
export interface ProbeQuery {
  readonly workflow: string;
  readonly portal: string | undefined;
  readonly debug: boolean;
}

/** @returns the query, or undefined after having answered 400. */
export function readQuery(request: Request, response: Response): ProbeQuery | undefined {
  const { workflow, portal, debug, ...unknown } = request.query;
  const names = Object.keys(unknown);
  if (names.length > 0) {
    response
      .status(400)
      .type('text/plain')
      .send(`unknown parameter ${names.join(', ')}; known are workflow, portal and debug\n`);
    return undefined;
  }
  if (typeof workflow !== 'string' || workflow === '' || (portal !== undefined && typeof portal !== 'string')) {
    response
      .status(400)
      .type('text/plain')
      .send('give one workflow: /probe?workflow=NAME[&portal=NAME][&debug=true]\n');
    return undefined;
  }
  return { workflow, portal, debug: debug === 'true' };
}
