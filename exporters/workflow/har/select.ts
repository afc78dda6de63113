import { forbiddenBy, type Portal } from '../../../pack/index.js';
import { path as pathSchema } from '../../../pack/portal/schema/requests.js';
import { isHarmlessSegment } from './harmless.js';
import type { StepRequest } from './kept.js';
import { type CredentialKind, credentialsOf } from './login.js';
import type { LoginAnswers } from './login-answers.js';
import { type HarEntry, isJson } from './read.js';
import { segmentsOf } from './route.js';

export interface Selection {
  readonly kept: readonly StepRequest[];
  /** The reasons for which requests were left out, with their counts. */
  readonly dropped: ReadonlyMap<string, number>;
  /** A user logged in, or was already logged in, during the recording. */
  readonly wasAuthenticated: boolean;
}

/** Keeps the requests that a user waits for: pages and data of the portal itself. */
export function select(entries: readonly HarEntry[], origin: string, portal: Portal, answers: LoginAnswers): Selection {
  const kept: StepRequest[] = [];
  const dropped = new Map<string, number>();
  const seen = new Set<string>();
  let wasAuthenticated = false;
  const drop = (reason: string) => dropped.set(reason, (dropped.get(reason) ?? 0) + 1);

  for (let index = 0; index < entries.length; index += 1) {
    const request = entries[index];
    if (request === undefined) break;
    if (request.url.origin !== origin) {
      drop(`other site: ${request.url.host}`);
      continue;
    }
    wasAuthenticated ||= hasCredentials(request) || isLogin(request, answers);
    const chain = redirectChain(entries, index);
    const answer = chain.at(-1) ?? request;
    const reason =
      whyNot(request, answer, portal, answers) ?? (repeats(request, seen) ? 'asked for a second time' : undefined);
    if (reason !== undefined) {
      drop(reason);
      continue;
    }
    kept.push({ request, answer, durationMs: chain.reduce((sum, { durationMs }) => sum + durationMs, 0) });
    // The step follows the rest of the redirects when it runs.
    index += chain.length - 1;
  }
  return { kept, dropped, wasAuthenticated };
}

const whyNoStep: Readonly<Record<Exclude<CredentialKind, 'possible-login'>, string>> = {
  login: 'login, which the auth: of the portal does',
  'new-password': 'new password, which cannot be set twice',
  'one-time-code': 'one-time code, which is good for one login only',
};

function whyNot(request: HarEntry, answer: HarEntry, portal: Portal, answers: LoginAnswers): string | undefined {
  if (!isWaitedFor(request, answer)) return 'style, script, image or other static file';
  if (request.method === 'OPTIONS') return 'question of the browser before a request (OPTIONS)';
  const credentials = credentialsOf(request, answers);
  if (credentials === 'possible-login') {
    return (
      `${request.method} ${shownPath(request)} may be a login, going by its path or its answer, but sends no password. ` +
      'If it is the login, describe it below auth: of the portal; if not, write it as a step with mutates: true'
    );
  }
  if (credentials !== undefined) return whyNoStep[credentials];
  if (answer.status === 0) return 'no answer in the recording';
  if (answer.status >= 300 && answer.status < 400 && answer.status !== 304) return 'redirect that leads away';
  if (answer.status < 200 || answer.status >= 400) return `answer ${answer.status} in the recording`;
  if (!pathSchema({ encodedSlashes: portal.allowEncodedSlashes }).safeParse(request.url.pathname).success)
    return 'path that cannot be written';
  const pattern = forbiddenBy(request.url.pathname, portal);
  if (pattern !== undefined) return `forbidden by neverProbe: ${pattern}`;
  if (isMutatingEntry(request) && !portal.allowMutations) {
    return `${request.method} changes data, which portal ${portal.name} does not allow (allowMutations)`;
  }
  return undefined;
}

/** Helps a person to find the request in the recording; without possible secrets. */
function shownPath({ url }: HarEntry): string {
  return segmentsOf(url.pathname)
    .map(({ plain, isSecret }) => (isSecret || (plain !== '' && !isHarmlessSegment(plain)) ? '…' : plain))
    .join('/');
}

function isLogin(request: HarEntry, answers: LoginAnswers): boolean {
  const credentials = credentialsOf(request, answers);
  return credentials === 'login' || credentials === 'possible-login';
}

export function isMutatingEntry({ method }: HarEntry): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

function isWaitedFor({ resourceType }: HarEntry, { mimeType }: HarEntry): boolean {
  if (resourceType !== undefined) return ['document', 'xhr', 'fetch'].includes(resourceType);
  // Firefox and Safari do not record the kind of request.
  return isJson(mimeType) || mimeType === 'text/html' || mimeType === '';
}

function hasCredentials({ requestHeaders, requestCookies }: HarEntry): boolean {
  return requestCookies.length > 0 || requestHeaders.some(({ name }) => /^(authorization|cookie)$/i.test(name));
}

/** A page that polls repeatedly becomes one step. */
function repeats({ method, url, postData }: HarEntry, seen: Set<string>): boolean {
  const key = `${method} ${url.href} ${postData?.text ?? ''}`;
  if (seen.has(key)) return true;
  seen.add(key);
  return false;
}

/** The request and its redirects, as far as they follow at once. */
function redirectChain(entries: readonly HarEntry[], start: number): HarEntry[] {
  const chain: HarEntry[] = [];
  for (let index = start; index < entries.length; index += 1) {
    const entry = entries[index];
    const last = chain.at(-1);
    if (entry === undefined || (last !== undefined && !leadsTo(last, entry))) break;
    chain.push(entry);
  }
  return chain;
}

function leadsTo({ status, redirectUrl, url }: HarEntry, next: HarEntry): boolean {
  if (status < 300 || status > 399 || redirectUrl === '' || !URL.canParse(redirectUrl, url.href)) return false;
  return new URL(redirectUrl, url).href === next.url.href;
}
