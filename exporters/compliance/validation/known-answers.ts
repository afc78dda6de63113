import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Control, ControlStatus, PromqlCheck } from '../../../pack/compliance/model/index.js';
import { PrometheusClient } from '../checks/prometheus.js';
import { lookByPromql } from '../checks/promql.js';
import type { WatchedDatabases } from '../evaluation/watched-database.js';
import { runInlineTests } from '../status/inline-tests.js';
import { judgedKnown, knownCheck } from './known-control.js';
import { askDatabases } from './known-rows.js';

export interface Examination {
  readonly at: Date;
  readonly asked: number;
  /** What was answered wrongly, in words. */
  readonly wrong: readonly string[];
  /** Share of right answers, 0..1. */
  readonly accuracy: number;
}

/** Answers that a stand-in Prometheus gives, and what a check of `== 0` must make of each. */
const answers: readonly (readonly [name: string, body: object, want: ControlStatus])[] = [
  ['zero', vector('0'), 'compliant'],
  ['one', vector('1'), 'non_compliant'],
  ['no series', vector(), 'unknown'],
  ['not a number', vector('NaN'), 'unknown'],
  ['without an end', vector('+Inf'), 'unknown'],
  ['one of two fails', vector('0', '1'), 'non_compliant'],
  ['an error', { status: 'error', errorType: 'timeout', error: 'query timed out' }, 'unknown'],
  ['a warning of missing parts', { ...vector('0'), warnings: ['a store did not answer'] }, 'unknown'],
  ['another form', { status: 'success', data: { resultType: 'matrix', result: [] } }, 'unknown'],
];

function vector(...values: readonly string[]) {
  const result = values.map((value) => ({ metric: {}, value: [0, value] }));
  return { status: 'success', data: { resultType: 'vector', result } };
}

/**
 * Examines the evaluator with questions whose answers are known: the tests of each control, and answers of a Prometheus
 * and of the board's databases that enter where real ones do, below everything that reads and judges them.
 */
export async function examine(
  controls: readonly Control[],
  databases: WatchedDatabases,
  signal: AbortSignal,
  at: Date,
): Promise<Examination> {
  const own = controls.flatMap((control) =>
    runInlineTests(control).map(({ test, got, isRight }) => ({
      isRight,
      what: `${control.id} says ${got} of ${JSON.stringify(test.given)}, and not ${test.want}`,
    })),
  );
  const all = [...own, ...(await askStandIn(signal)), ...(await askDatabases(databases, signal))];
  const wrong = all.filter(({ isRight }) => !isRight).map(({ what }) => what);
  return { at, asked: all.length, wrong, accuracy: (all.length - wrong.length) / all.length };
}

const check: PromqlCheck = {
  ...knownCheck,
  kind: 'promql',
  query: '',
  reduce: 'max',
  onEmpty: 'unknown',
  minSeries: 1,
};

async function askStandIn(signal: AbortSignal) {
  const standIn = createServer((request, response) => {
    const asked = new URL(request.url ?? '/', 'http://stand-in').searchParams.get('query');
    const body = answers.find(([name]) => name === asked)?.[1] ?? {};
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(body));
  });
  standIn.listen(0, '127.0.0.1');
  try {
    await once(standIn, 'listening', { signal });
    const address = standIn.address();
    if (address === null || typeof address === 'string') throw new Error('the stand-in has no port');
    const prometheus = new PrometheusClient({ url: `http://127.0.0.1:${address.port}` });
    const now = new Date(0);
    return await Promise.all(
      answers.map(async ([name, , want]) => {
        const found = await lookByPromql({ ...check, query: name }, { prometheus })({ signal, now });
        return judgedKnown(`an answer with ${name}`, check, found, want, now);
      }),
    );
  } finally {
    standIn.close();
    standIn.closeAllConnections();
  }
}
