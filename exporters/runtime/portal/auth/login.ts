import { compile } from 'json-p3';
import type { LoginAuth } from '../../../../pack/index.js';
import { applyPathStyle } from '../../../../pack/paths.js';
import { LoopWatch } from '../../measuring/loop-watch.js';
import { PhaseClock } from '../../measuring/phase-clock.js';
import { asJson } from '../as-json.js';
import { Deadline } from '../deadline.js';
import { portalHeaders } from '../headers.js';
import { Connections, type Received } from '../http/connections.js';
import { acceptEncoding, decode } from '../http/decode.js';
import { StepFailure } from '../step-failure.js';
import { type Grant, LoginRefused, type LoginTools } from './grant.js';

const MAX_ANSWER_BYTES = 1_000_000;
/** A shorter cookie is a flag such as `true`, which is no secret and stands in many a sentence. */
const SHORTEST_SESSION = 8;

/** Logs in with a JSON or form body; the cookies, and a token if one is configured, authenticate what follows. */
export async function logIn(auth: LoginAuth, tools: LoginTools): Promise<Grant> {
  const url = new URL(tools.portal.baseUrl + applyPathStyle(auth.path, tools.portal));
  const fields = Object.fromEntries(Object.entries(auth.fields).map(([name, value]) => [name, tools.reveal(value)]));
  const isJson = auth.encoding === 'json';
  const body = Buffer.from(isJson ? JSON.stringify(fields) : new URLSearchParams(fields).toString());
  const answer = await post(
    url,
    auth.method,
    isJson ? 'application/json' : 'application/x-www-form-urlencoded',
    body,
    portalHeaders(tools.portal, tools.reveal),
    auth.timeoutMs,
    tools,
  );
  tools.cookies.store(url, answer.headers['set-cookie']);
  // Never quote the answer: Kingston's portal echoes the password in a 422.
  if (answer.status !== auth.expectStatus) {
    const Failure = answer.status >= 500 ? StepFailure : LoginRefused;
    throw new Failure(
      answer.status >= 500 ? 'status' : 'auth',
      `status ${answer.status}, expected ${auth.expectStatus}`,
    );
  }
  for (const value of cookieValues(answer)) if (value.length >= SHORTEST_SESSION) tools.redactor.add(value);
  if (auth.token === undefined) return { headers: {}, lifetimeMs: auth.lifetimeMs };
  if (auth.token.from === 'cookie') {
    const token = tools.cookies.value(url, auth.token.name);
    if (token === undefined || token === '')
      throw new LoginRefused('auth', `the login set no cookie ${auth.token.name}`);
    const lifetimeMs = Math.min(
      auth.lifetimeMs,
      tools.cookies.lifetimeMs(url, auth.token.name) ?? Number.POSITIVE_INFINITY,
    );
    return { headers: {}, lifetimeMs };
  }
  const text = (await decode(answer.body, answer.headers['content-encoding'], MAX_ANSWER_BYTES)).toString('utf8');
  const token = tokenAt(text, auth.token.path);
  tools.redactor.add(token);
  return { headers: { authorization: `Bearer ${token}` }, lifetimeMs: auth.lifetimeMs };
}

/** A request outside every SLA, on a connection of its own. */
export async function post(
  url: URL,
  method: string,
  contentType: string,
  body: Buffer,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
  tools: LoginTools,
): Promise<Received> {
  const connections = new Connections(tools.onOpenRequest);
  const limit = new Deadline(timeoutMs, tools.signal);
  try {
    return await connections.send(
      {
        method,
        url,
        headers: {
          accept: 'application/json',
          'accept-encoding': acceptEncoding,
          'user-agent': 'kingston-observability-pack',
          ...headers,
          // What describes our body is ours to say, whatever a portal's headers hold.
          'content-type': contentType,
          'content-length': String(body.length),
        },
        body,
        maxBodyBytes: MAX_ANSWER_BYTES,
      },
      tools.portal,
      new PhaseClock(new LoopWatch()),
      limit,
    );
  } finally {
    limit.clear();
    connections.close();
  }
}

export function tokenAt(text: string, path: string): string {
  let value: unknown;
  try {
    value = compile(path)
      .query(asJson(JSON.parse(text)))
      .values()[0];
  } catch (cause) {
    throw new LoginRefused('auth', 'the login answered 2xx but not with JSON', { cause });
  }
  // Kingston's own login answers 200 with an empty access_token; the real one is in a cookie.
  if (typeof value !== 'string' || value === '') throw new LoginRefused('auth', `the login gave no token at ${path}`);
  return value;
}

function cookieValues(answer: Received): string[] {
  return (answer.headers['set-cookie'] ?? []).map((line) =>
    (line.split(';', 1)[0] ?? '').replace(/^[^=]*=/, '').trim(),
  );
}
