import type { Resolving } from '../domain.js';
import { mapValues } from '../reading/entries.js';
import type { Places } from '../reading/places.js';
import type { KeyPath } from '../reading/source-node.js';
import { isMutating } from './methods.js';
import type { Expectation, Extract, HttpStep, Schedule, Workflow } from './model.js';
import { defaultTimeoutMs } from './schedules.js';
import type { ParsedExpectation } from './schema/expectation.js';
import { groupsIn, type ParsedStep } from './schema/step.js';
import type { ParsedWorkflow } from './schema/workflow.js';

export function resolveWorkflow(name: string, workflow: ParsedWorkflow, { places, shared }: Resolving): Workflow {
  const { sla, schedule, steps, portals, ...rest } = workflow;
  return {
    name,
    ...rest,
    authenticated: rest.authenticated || rest.identity !== undefined,
    portals: portals ?? Object.keys(shared.portals),
    slaSeconds: sla / 1000,
    schedule: resolveSchedule(sla, schedule),
    steps: steps.map((step, index) => resolveStep(step, ['workflows', name, 'steps', index], places)),
  };
}

function resolveSchedule(slaMs: number, schedule: ParsedWorkflow['schedule']): Schedule {
  const { interval, jitter, timeout, warmupRuns } = schedule;
  return {
    intervalMs: interval,
    jitterRatio: jitter,
    timeoutMs: timeout ?? defaultTimeoutMs(slaMs, interval),
    warmupRuns,
  };
}

function resolveStep(step: ParsedStep, path: KeyPath, places: Places): HttpStep {
  const { budget, timeout, body, extract, expect, maxBody, mutates, headers, query, kind, ...rest } = step;
  return {
    ...rest,
    kind,
    mutates: mutates ?? isMutating(step.method),
    query: places.texts([...path, 'query'], query),
    headers: places.secrets([...path, 'headers'], headers),
    extract: mapValues(extract, (_, source) => resolveExtract(source)),
    expect: resolveExpectation(expect),
    maxBodyBytes: maxBody,
    ...resolveBody(body, [...path, 'body'], places),
    ...(budget === undefined ? {} : { budgetMs: budget }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
  };
}

function resolveBody(body: ParsedStep['body'], path: KeyPath, places: Places): Pick<HttpStep, 'body'> {
  if (body?.form !== undefined) {
    return { body: { kind: 'form', fields: places.texts([...path, 'form'], body.form) } };
  }
  return body?.json === undefined
    ? {}
    : { body: { kind: 'json', value: places.textsIn([...path, 'json'], body.json) } };
}

function resolveExtract(source: ParsedStep['extract'][string]): Extract {
  if (source.json !== undefined) {
    return { from: 'json', path: source.json };
  }
  if (source.header !== undefined) {
    return { from: 'header', name: source.header };
  }
  if (source.cookie !== undefined) {
    return { from: 'cookie', name: source.cookie };
  }
  const pattern = source.regex ?? '';
  return { from: 'regex', pattern, group: source.group ?? Math.min(1, groupsIn(pattern)) };
}

function resolveExpectation(expectation: ParsedExpectation): Expectation {
  const { minSize, maxSize, certificateValidFor, ...rest } = expectation;
  return {
    ...rest,
    ...(minSize === undefined ? {} : { minBytes: minSize }),
    ...(maxSize === undefined ? {} : { maxBytes: maxSize }),
    ...(certificateValidFor === undefined ? {} : { certificateDaysLeft: certificateValidFor / 86_400_000 }),
  };
}
