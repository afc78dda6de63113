import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { z } from 'zod';
import type { PrometheusSource } from '../../../pack/compliance/model/index.js';
import { readBounded } from '../../../pack/reading/bounded-file.js';
import { describeError, type Redactor } from '../../runtime/log.js';

const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
const MAX_CA_BYTES = 1024 * 1024;
/** Controls that ask the same at about the same time get one answer. */
const SHARED_FOR_MS = 2000;

const sample = z.tuple([z.number(), z.string()]);
const answerSchema = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    warnings: z.array(z.string()).optional(),
    data: z.discriminatedUnion('resultType', [
      z.object({
        resultType: z.literal('vector'),
        result: z.array(z.object({ value: sample.optional(), histogram: z.unknown().optional() })),
      }),
      z.object({ resultType: z.literal('scalar'), result: sample }),
      z.object({ resultType: z.literal('matrix'), result: z.unknown() }),
      z.object({ resultType: z.literal('string'), result: z.unknown() }),
    ]),
  }),
  z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() }),
]);

/** Values of the series, and when Prometheus evaluated them; or why they are not known. */
export type InstantAnswer = { readonly values: readonly number[]; readonly asOf: Date } | { readonly unknown: string };

/** Asks one Prometheus, or what speaks its API. */
export class PrometheusClient {
  readonly name: string;
  readonly #source: PrometheusSource;
  readonly #redactor: Redactor | undefined;
  #isUp: boolean | undefined;
  readonly #recent = new Map<string, { readonly at: number; readonly answer: Promise<InstantAnswer> }>();

  constructor(source: PrometheusSource, redactor?: Redactor) {
    this.#source = source;
    this.#redactor = redactor;
    const { host } = new URL(source.url);
    this.name = `Prometheus ${host}`;
  }

  /** Whether it answered the last question, if only with an error; undefined before the first. */
  get isUp(): boolean | undefined {
    return this.#isUp;
  }

  /** Never rejects: whatever goes wrong makes the answer unknown. */
  instant(query: string, signal: AbortSignal): Promise<InstantAnswer> {
    const now = performance.now();
    const known = this.#recent.get(query);
    if (known !== undefined && now - known.at < SHARED_FOR_MS) return known.answer;
    for (const [other, { at }] of this.#recent) if (now - at >= SHARED_FOR_MS) this.#recent.delete(other);
    const answer = this.#ask(query, signal);
    this.#recent.set(query, { at: now, answer });
    return answer;
  }

  async #ask(query: string, signal: AbortSignal): Promise<InstantAnswer> {
    try {
      const answer = readAnswer(await this.#get(`/api/v1/query?query=${encodeURIComponent(query)}`, signal));
      this.#isUp = true;
      return answer;
    } catch (error) {
      this.#isUp = false;
      return { unknown: `it cannot be asked: ${describeError(error)}` };
    }
  }

  #get(path: string, signal: AbortSignal): Promise<string> {
    const { url, caFile } = this.#source;
    const address = new URL(url.replace(/\/+$/, '') + path);
    const isTls = address.protocol === 'https:';
    const ca = caFile === undefined ? {} : { ca: readBounded(caFile, MAX_CA_BYTES).bytes };
    return new Promise((resolve, reject) => {
      const send = isTls ? requestHttps : requestHttp;
      const asked = send(address, { signal, headers: this.#headers(), ...ca }, (response) => {
        const parts: Buffer[] = [];
        let bytes = 0;
        response.on('data', (part: Buffer) => {
          bytes += part.length;
          if (bytes > MAX_ANSWER_BYTES)
            response.destroy(new Error(`its answer is longer than ${MAX_ANSWER_BYTES} bytes`));
          parts.push(part);
        });
        response.on('error', reject);
        response.on('end', () => {
          const isJson = response.headers['content-type']?.includes('json') === true;
          if (isJson) resolve(Buffer.concat(parts).toString('utf8'));
          else reject(new Error(`it answered ${response.statusCode}, and no JSON`));
        });
      });
      asked.on('error', reject);
      asked.end();
    });
  }

  #headers(): Record<string, string> {
    const { username, password, bearerToken } = this.#source;
    const secrets = [password?.reveal(), bearerToken?.reveal()];
    for (const secret of secrets) if (secret !== undefined) this.#redactor?.add(secret);
    const [pass, token] = secrets;
    if (token !== undefined) return { authorization: `Bearer ${token}` };
    if (username === undefined) return {};
    const pair = Buffer.from(`${username.reveal()}:${pass ?? ''}`).toString('base64');
    this.#redactor?.add(pair);
    return { authorization: `Basic ${pair}` };
  }
}

function readAnswer(text: string): InstantAnswer {
  const parsed = answerSchema.safeParse(JSON.parse(text));
  if (!parsed.success) return { unknown: 'its answer is not of the form of Prometheus' };
  const answer = parsed.data;
  if (answer.status === 'error') return { unknown: `the query failed (${answer.errorType}): ${answer.error}` };
  const [warning] = answer.warnings ?? [];
  // Part of the series may be missing, as when a store behind it does not answer.
  if (warning !== undefined) return { unknown: `it warns: ${warning}` };
  const { data } = answer;
  if (data.resultType === 'matrix' || data.resultType === 'string') {
    return { unknown: `the query gives a ${data.resultType}, not one value for each series` };
  }
  const samples = data.resultType === 'scalar' ? [data.result] : data.result.map(({ value }) => value);
  const values: number[] = [];
  let asOfSeconds: number | undefined;
  for (const one of samples) {
    if (one === undefined) return { unknown: 'a series is a native histogram, not a number' };
    asOfSeconds = one[0];
    values.push(numberOf(one[1]));
  }
  return { values, asOf: asOfSeconds === undefined ? new Date() : new Date(asOfSeconds * 1000) };
}

function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}
