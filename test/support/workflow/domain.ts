import type { Job } from '../../../exporters/workflow/plan.js';
import { type Portal, SecretText } from '../../../pack/index.js';
import type { HttpStep, Workflow } from '../../../pack/workflow/model.js';

/** Domain objects with everything at its plainest; a test says what matters to it. */
export function portal(baseUrl: string, over: Partial<Portal> = {}): Portal {
  return {
    name: 'kingston',
    title: "Kingston's Portal",
    baseUrl,
    pathStyle: 'underscore',
    pathStyleExceptions: [],
    variables: {},
    headers: {},
    auth: { kind: 'none' },
    identities: {},
    tls: { minVersion: 'TLSv1.2', insecureSkipVerify: false },
    network: { ipPreference: 'ipv4', proxy: 'none', http2: true, maxHeaderBytes: 16_384, redirectOrigins: [] },
    allowMutations: false,
    neverProbe: [],
    allowEncodedSlashes: false,
    limits: { maxInFlight: 4, abandonedAfterMs: 300_000 },
    ...over,
  };
}

export function step(over: Partial<HttpStep> = {}): HttpStep {
  return {
    name: 'look',
    kind: 'http',
    method: 'GET',
    path: '/look',
    query: {},
    headers: {},
    extract: {},
    expect: expectation(),
    retries: 0,
    mutates: false,
    maxRedirects: 5,
    maxBodyBytes: 5_000_000,
    ...over,
  };
}

export function expectation(over: Partial<HttpStep['expect']> = {}): HttpStep['expect'] {
  return {
    status: [{ min: 200, max: 200 }],
    endsAt: [],
    headers: {},
    json: [],
    bodyMatches: [],
    bodyNotMatches: [],
    ...over,
  };
}

type WorkflowOver = Omit<Partial<Workflow>, 'schedule'> & { readonly schedule?: Partial<Workflow['schedule']> };

export function workflow(over: WorkflowOver = {}): Workflow {
  return {
    name: 'client-list',
    title: 'Client list',
    portals: ['kingston'],
    team: 'performance',
    tier: 'core',
    slaSeconds: 1,
    objective: 'responsive',
    connection: 'fresh',
    authenticated: false,
    steps: [step()],
    ...over,
    schedule: { intervalMs: 60_000, jitterRatio: 0, timeoutMs: 5000, warmupRuns: 0, ...over.schedule },
  };
}

export function job(baseUrl: string, over: { portal?: Partial<Portal>; workflow?: WorkflowOver } = {}): Job {
  return { portal: portal(baseUrl, over.portal), workflow: workflow(over.workflow) };
}

/** A secret by reference, as only the environment can hold it. The variable gets a name of its own. */
export function secret(value: string): SecretText {
  const name = `KOP_TEST_SECRET_${nextSecret++}`;
  process.env[name] = value;
  return new SecretText([{ kind: 'env', name }]);
}

let nextSecret = 1;

export const literal = (text: string) => SecretText.literal(text);
