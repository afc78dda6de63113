import type { LoginAuth, SecondStep, SecretText } from '../../../../pack/index.js';
import { applyPathStyle } from '../../../../pack/portal/paths.js';
import { redirectTarget } from '../http/redirect.js';
import { StepFailure } from '../step-failure.js';
import { type CsrfToken, fetchCsrfToken, noToken } from './csrf.js';
import { type Grant, LoginRefused, type LoginTools } from './grant.js';
import { jsonAt } from './json-at.js';
import { LoginBrowser, type Page } from './login-browser.js';
import { logOutOf } from './logout.js';

/** Logs in with a JSON or form body; the cookies, and a token if one is configured, authenticate what follows. */
export async function logIn(auth: LoginAuth, tools: LoginTools): Promise<Grant> {
  const visitor = new LoginBrowser(tools, auth.timeoutMs);
  try {
    const token = auth.csrf === undefined ? noToken : await fetchCsrfToken(auth.csrf, visitor, tools);
    const first = await send(auth, fieldsOf(auth, token, tools), token, visitor, tools);
    const last =
      auth.secondStep === undefined ? first : await sendSecond(auth.secondStep, auth, first, token, visitor, tools);
    const grant = await grantOf(auth, last, tools);
    const { logout } = auth;
    if (logout === undefined) return grant;
    return { ...grant, logOut: (later) => logOutOf(logout, grant.headers, auth.timeoutMs, later) };
  } finally {
    visitor.close();
  }
}

function fieldsOf(auth: LoginAuth, token: CsrfToken, tools: LoginTools): Record<string, string> {
  const code = auth.secondStep === undefined ? codeField(auth, tools) : {};
  return { ...token.fields, ...revealed(auth.fields, tools), ...code };
}

async function sendSecond(
  second: SecondStep,
  auth: LoginAuth,
  first: Page,
  token: CsrfToken,
  visitor: LoginBrowser,
  tools: LoginTools,
): Promise<Page> {
  const carried = Object.entries(second.carry);
  const text = carried.length === 0 ? '' : await first.text();
  const fields: Record<string, string> = { ...token.fields, ...revealed(second.fields, tools) };
  for (const [name, path] of carried) {
    const value = jsonAt(text, path);
    if (value === undefined || value === '') throw new LoginRefused('auth', `the login gave nothing at ${path}`);
    tools.redactor.add(value);
    fields[name] = value;
  }
  return send(second, { ...fields, ...codeField(auth, tools) }, token, visitor, tools);
}

function codeField({ totp }: LoginAuth, tools: LoginTools): Record<string, string> {
  return totp === undefined ? {} : { [totp.field]: tools.codes.next(totp, tools.reveal(totp.secret)) };
}

function revealed(fields: Readonly<Record<string, SecretText>>, tools: LoginTools): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, tools.reveal(value)]));
}

/**
 * @throws {LoginRefused} when the portal refuses. Never quotes the answer: Kingston's portal echoes the password in a
 * 422.
 */
async function send(
  { path, method, encoding, expectStatus }: Pick<LoginAuth, 'path' | 'method' | 'encoding' | 'expectStatus'>,
  fields: Readonly<Record<string, string>>,
  token: CsrfToken,
  visitor: LoginBrowser,
  tools: LoginTools,
): Promise<Page> {
  const { portal } = tools;
  const url = new URL(portal.baseUrl + applyPathStyle(path, portal));
  if (method === 'GET') for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
  const page = await visitor.ask({
    method,
    url,
    ...(method === 'GET' ? {} : { body: bodyOf(encoding, fields) }),
    headers: {
      ...token.headers,
      ...(token === noToken ? {} : { origin: portal.baseUrl, referer: `${portal.baseUrl}/` }),
    },
  });
  const { status } = page.answer;
  if (status !== expectStatus) {
    const Failure = status >= 500 ? StepFailure : LoginRefused;
    throw new Failure(status >= 500 ? 'status' : 'auth', `status ${status}, expected ${expectStatus}`);
  }
  // A portal that redirects after a login also redirects after a refused one: back to the login page.
  const target = redirectTarget(page.url, page.answer);
  const sign = target === undefined ? undefined : tools.signs.redirect(target);
  if (sign !== undefined) throw new LoginRefused('auth', `the login did not help (${sign})`);
  return page;
}

function bodyOf(encoding: LoginAuth['encoding'], fields: Readonly<Record<string, string>>) {
  const isJson = encoding === 'json';
  return {
    type: isJson ? 'application/json' : 'application/x-www-form-urlencoded',
    bytes: Buffer.from(isJson ? JSON.stringify(fields) : new URLSearchParams(fields).toString()),
  };
}

async function grantOf(auth: LoginAuth, { url, text }: Page, tools: LoginTools): Promise<Grant> {
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
  // Kingston's own login answers 200 with an empty access_token; the real one is in a cookie.
  const token = jsonAt(await text(), auth.token.path);
  if (token === undefined || token === '')
    throw new LoginRefused('auth', `the login gave no token at ${auth.token.path}`);
  tools.redactor.add(token);
  return { headers: { authorization: `Bearer ${token}` }, lifetimeMs: auth.lifetimeMs };
}
