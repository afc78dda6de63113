import type { Portal } from '../../../../pack/index.js';
import { StepFailure } from '../step-failure.js';
import type { Answer, Outgoing } from './exchange.js';

const redirects = new Set([301, 302, 303, 307, 308]);

/** The redirect target of an answer, followed or not; undefined when there is none, or it is not a URL. */
export function redirectTarget(from: URL, { status, headers }: Pick<Answer, 'status' | 'headers'>): URL | undefined {
  const { location } = headers;
  if (!redirects.has(status) || location === undefined || !URL.canParse(location, from.href)) return undefined;
  return new URL(location, from);
}

/** The next request of a redirect, or undefined when the answer is final. @throws {StepFailure} `redirect`. */
export function nextHop(
  from: Outgoing,
  answer: Pick<Answer, 'status' | 'headers'>,
  portal: Pick<Portal, 'baseUrl' | 'network'>,
  hopsSoFar: number,
  maxRedirects: number,
): Outgoing | undefined {
  const { location } = answer.headers;
  // With no redirects allowed, the redirect itself is the answer to judge.
  if (!redirects.has(answer.status) || location === undefined || maxRedirects === 0) return undefined;
  if (hopsSoFar >= maxRedirects) throw new StepFailure('redirect', `more than ${maxRedirects} redirects`);
  if (!URL.canParse(location, from.url.href))
    throw new StepFailure('redirect', 'redirected to something that is no URL');
  const url = new URL(location, from.url);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new StepFailure('redirect', `redirected to ${url.protocol}, which is not followed`);
  }
  // Another port of the same host is another service, which is not described.
  if (url.origin !== portal.baseUrl && !portal.network.redirectOrigins.includes(url.origin)) {
    throw new StepFailure(
      'redirect',
      `redirected away from the portal, to ${url.origin}; list it in network.redirectOrigins if that is right`,
    );
  }
  if (from.url.protocol === 'https:' && url.protocol === 'http:') {
    throw new StepFailure('redirect', 'redirected from https to plain http, which would expose credentials');
  }
  const becomesGet =
    answer.status === 303 || (answer.status !== 307 && answer.status !== 308 && from.method === 'POST');
  if (url.origin !== from.url.origin && from.body !== undefined && !becomesGet) {
    throw new StepFailure(
      'redirect',
      `redirected with its body to ${url.origin}, which is not followed: a body may hold what only the portal may see`,
    );
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(from.headers)) {
    // Credentials are added again for the new address.
    if (name === 'cookie' || name === 'authorization') continue;
    if (becomesGet && (name === 'content-type' || name === 'content-length')) continue;
    // Configured headers may be secrets meant for the portal's own origin.
    if (url.origin !== from.url.origin && !['accept', 'accept-encoding', 'user-agent'].includes(name)) continue;
    headers[name] = value;
  }
  return {
    ...from,
    url,
    headers,
    method: becomesGet && from.method !== 'HEAD' ? 'GET' : from.method,
    body: becomesGet ? undefined : from.body,
    ...(becomesGet ? { isRepeatable: true } : {}),
  };
}
