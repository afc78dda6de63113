import { createHash } from 'node:crypto';
import { resolveAuditTrail } from './audit-trail/resolve.js';
import { resolveEncryption } from './encryption/resolve.js';
import type {
  Alerting,
  Calendar,
  Expectation,
  Extract,
  HttpStep,
  Network,
  Objective,
  Pack,
  Portal,
  Schedule,
  Severity,
  Team,
  Tls,
  Workflow,
} from './model.js';
import type { ParsedAlerting } from './policy/schema/alerting.js';
import type { ParsedCalendar } from './policy/schema/calendar.js';
import { type ParsedSeverities, priorities } from './policy/schema/severity.js';
import { resolveAuth } from './portal/resolve-auth.js';
import type { ParsedExpectation } from './portal/schema/expectation.js';
import type { ParsedPortal } from './portal/schema/portal.js';
import { removalText } from './reading/inheritance.js';
import { Places } from './reading/places.js';
import { type KeyPath, type MapNode, plain } from './reading/source-node.js';
import type { Source } from './reading/yaml-source.js';
import type { ParsedPack } from './schema/pack.js';
import { isMutating } from './workflow/methods.js';
import { defaultTimeoutMs } from './workflow/schedules.js';
import { groupsIn, type ParsedStep } from './workflow/schema/step.js';
import type { ParsedWorkflow } from './workflow/schema/workflow.js';

/** Turns a description without problems into the domain. */
export function resolve(parsed: ParsedPack, source: Source): Pack {
  const places = new Places(source.root);
  const allPortals = Object.keys(parsed.portals);
  return {
    portals: entries(parsed.portals, (name, portal) => resolvePortal(name, portal, places)),
    workflows: entries(parsed.workflows, (name, workflow) => resolveWorkflow(name, workflow, allPortals, places)),
    objectives: entries(parsed.objectives, resolveObjective),
    calendars: entries(parsed.calendars, resolveCalendar),
    teams: entries(parsed.teams, (name, team): Team => ({ name, ...team })),
    severities: resolveSeverities(parsed.severities),
    auditTrails: entries(parsed.auditTrails, (name, trail) => resolveAuditTrail(name, trail, places)),
    encryption: entries(parsed.encryption, (name, encryption) => resolveEncryption(name, encryption, places)),
    alerting: resolveAlerting(parsed.alerting),
    source: {
      files: source.files,
      removed: [...new Set(source.removed.map((removal) => removalText(removal, source.root)))],
      sha256: digest(source.root),
    },
  };
}

function resolvePortal(name: string, portal: ParsedPortal, places: Places): Portal {
  const path = ['portals', name];
  const { limits, headers, variables, auth, identities, tls, network, baseUrl, ...rest } = portal;
  return {
    name,
    ...rest,
    baseUrl: new URL(baseUrl).origin,
    variables: places.texts([...path, 'variables'], variables),
    headers: places.secrets([...path, 'headers'], headers),
    auth: resolveAuth(auth, [...path, 'auth'], places),
    identities: mapValues(identities, (user, described) =>
      resolveAuth(described, [...path, 'identities', user], places),
    ),
    network: resolveNetwork(network),
    tls: resolveTls(tls, [...path, 'tls'], places),
    limits: {
      maxInFlight: limits.maxInFlight,
      abandonedAfterMs: limits.abandonedAfter,
      ...(limits.backoff === undefined ? {} : { ignoresBackoff: true }),
    },
  };
}

function resolveNetwork({ maxHeaders, redirectOrigins, ...rest }: ParsedPortal['network']): Network {
  return {
    ...rest,
    maxHeaderBytes: maxHeaders,
    redirectOrigins: redirectOrigins.map((written) => new URL(written).origin),
  };
}

function resolveTls(tls: ParsedPortal['tls'], path: KeyPath, places: Places): Tls {
  const { caFile, certFile, keyFile, keyPassphrase, ...rest } = tls;
  return {
    ...rest,
    ...(caFile === undefined ? {} : { caFile: places.file([...path, 'caFile'], caFile) }),
    ...(certFile === undefined ? {} : { certFile: places.file([...path, 'certFile'], certFile) }),
    ...(keyFile === undefined ? {} : { keyFile: places.file([...path, 'keyFile'], keyFile) }),
    ...(keyPassphrase === undefined ? {} : { keyPassphrase: places.secret([...path, 'keyPassphrase'], keyPassphrase) }),
  };
}

function resolveWorkflow(
  name: string,
  workflow: ParsedWorkflow,
  allPortals: readonly string[],
  places: Places,
): Workflow {
  const { sla, schedule, steps, portals, ...rest } = workflow;
  return {
    name,
    ...rest,
    authenticated: rest.authenticated || rest.identity !== undefined,
    portals: portals ?? allPortals,
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

function resolveObjective(name: string, objective: ParsedPack['objectives'][string]): Objective {
  return { name, title: objective.title, targetRatio: objective.target, periodDays: objective.period };
}

function resolveCalendar(name: string, calendar: ParsedCalendar): Calendar {
  const { hours, ...rest } = calendar;
  return { name, ...rest, opensMinute: hours.opens, closesMinute: hours.closes };
}

function resolveSeverities(severities: ParsedSeverities): Severity[] {
  return priorities.map((priority) => ({
    priority,
    severity: severities[priority].severity,
    respondWithinSeconds: severities[priority].respondWithin / 1000,
  }));
}

function resolveAlerting(alerting: ParsedAlerting): Alerting {
  const { noDataFor, stalledFor, burn, runbookBaseUrl, dashboardBaseUrl, minimumMissedRuns } = alerting;
  return {
    minimumMissedRuns,
    noDataForSeconds: noDataFor / 1000,
    stalledForSeconds: stalledFor / 1000,
    burn: burn.map(({ short, long, ...rest }) => ({ ...rest, shortSeconds: short / 1000, longSeconds: long / 1000 })),
    runbookBaseUrl: runbookBaseUrl.replace(/\/+$/, ''),
    dashboardBaseUrl: dashboardBaseUrl.replace(/\/+$/, ''),
  };
}

/** Of what was written, in an order that does not depend on who wrote it first. References are not followed. */
function digest(root: MapNode): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(plain(root))))
    .digest('hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  if (value === null || typeof value !== 'object') {
    return value;
  }
  // Pairs instead of an object: in one, keys that look like numbers would come first whatever the order.
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)]);
}

function entries<In, Out>(section: Readonly<Record<string, In>>, make: (name: string, value: In) => Out): Out[] {
  return Object.entries(section).map(([name, value]) => make(name, value));
}

function mapValues<In, Out>(
  record: Readonly<Record<string, In>>,
  make: (key: string, value: In) => Out,
): Record<string, Out> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, make(key, value)]));
}
