import type { FormAuth, LoginForm, Totp } from '../../../../pack/index.js';
import { pageIn } from '../../../../pack/portal/pages.js';
import { applyPathStyle } from '../../../../pack/portal/paths.js';
import { StepFailure } from '../step-failure.js';
import { type Grant, LoginRefused, type LoginTools } from './grant.js';
import { type Form, filled, formWith, readHtml } from './html-forms.js';
import { type Asking, LoginBrowser, type Page } from './login-browser.js';
import { logOutOf } from './logout.js';

/** Logs in like a user: requests a page, fills in its forms, and keeps the portal's cookies. */
export async function logInByForm(auth: FormAuth, tools: LoginTools): Promise<Grant> {
  const visitor = new LoginBrowser(tools, auth.timeoutMs);
  try {
    return await fillIn(auth, visitor, tools);
  } finally {
    visitor.close();
  }
}

async function fillIn(auth: FormAuth, visitor: LoginBrowser, tools: LoginTools): Promise<Grant> {
  const { portal, cookies } = tools;
  const first = await visitor.visit({
    method: 'GET',
    url: new URL(portal.baseUrl + applyPathStyle(auth.path, portal)),
  });
  const last = await fillForms(auth, first, visitor, tools);
  if (last.url.origin !== portal.baseUrl && pageIn(last.url, auth.endsAt, portal) === undefined)
    throw new LoginRefused('auth', `the login ended at ${last.url.origin}, not at the portal`);
  if (auth.endsAt.length > 0 && pageIn(last.url, auth.endsAt, portal) === undefined)
    throw new LoginRefused('auth', `the login ended on another page than ${auth.endsAt.join(' or ')}`);
  const text = await last.text();
  const sign = tools.signs.redirect(last.url) ?? tools.signs.body(() => text);
  if (sign !== undefined) throw new LoginRefused('auth', `the login did not help (${sign})`);
  if (!cookies.isKnownTo(new URL(portal.baseUrl))) throw new LoginRefused('auth', 'the login set no cookie');
  const { logout } = auth;
  return {
    headers: {},
    lifetimeMs: auth.lifetimeMs,
    ...(logout === undefined ? {} : { logOut: (later: LoginTools) => logOutOf(logout, {}, auth.timeoutMs, later) }),
  };
}

/**
 * Fills in and sends forms one after the other.
 *
 * @param isEnd the address at which the login ends; forms that are not needed are skipped.
 * @returns the page after the last form. @throws {StepFailure}
 */
export async function fillForms(
  { forms, totp }: { readonly forms: readonly LoginForm[]; readonly totp?: Totp },
  first: Page,
  visitor: LoginBrowser,
  tools: LoginTools,
  isEnd?: (url: URL) => boolean,
): Promise<Page> {
  let page = first;
  let before: LoginForm | undefined;
  for (const form of forms) {
    if (isEnd !== undefined && isAt(page, isEnd)) return page;
    const shown = await formOn(page, form, before);
    visitor.demandAllowed(shown.action, page.url, 'a form of the login');
    page = await visitor.visit(asking(shown, valuesOf(form, totp, tools), page), isEnd);
    before = form;
  }
  judgeStatus(page);
  if (isEnd !== undefined && isAt(page, isEnd)) return page;
  if (before !== undefined && (await showsAgain(page, before))) throw shownAgain();
  return page;
}

function isAt({ url, answer }: Page, isEnd: (url: URL) => boolean): boolean {
  const { location } = answer.headers;
  return location !== undefined && URL.canParse(location, url.href) && isEnd(new URL(location, url));
}

async function formOn(page: Page, form: LoginForm, before: LoginForm | undefined): Promise<Form> {
  judgeStatus(page);
  const found = formWith(readHtml(await page.text(), page.url), namesIn(form));
  if (found !== undefined) return found;
  if (before !== undefined && (await showsAgain(page, before))) throw shownAgain();
  const wanted = namesIn(form).length === 0 ? 'no form' : `no form with the fields ${namesIn(form).join(', ')}`;
  throw new LoginRefused(
    'auth',
    `a page of the login has ${wanted}; where a script makes the form, describe its request as kind: login`,
  );
}

function judgeStatus({ answer: { status } }: Page): void {
  if (status < 400) return;
  if (status >= 500) throw new StepFailure('status', `status ${status}`);
  throw new LoginRefused('auth', `status ${status}`);
}

/** Most portals answer a wrong password with 200 and the same form. */
async function showsAgain(page: Page, form: LoginForm): Promise<boolean> {
  const names = namesIn(form);
  return names.length > 0 && formWith(readHtml(await page.text(), page.url), names) !== undefined;
}

function shownAgain(): LoginRefused {
  return new LoginRefused('auth', 'the same form came again: what was filled in is not accepted');
}

function namesIn({ fields, totp }: LoginForm): string[] {
  return [...Object.keys(fields), ...(totp === undefined ? [] : [totp])];
}

function valuesOf(form: LoginForm, totp: Totp | undefined, tools: LoginTools): ReadonlyMap<string, string> {
  const values = new Map(Object.entries(form.fields).map(([name, value]) => [name, tools.reveal(value)]));
  if (form.totp !== undefined && totp !== undefined)
    values.set(form.totp, tools.codes.next(totp, tools.reveal(totp.secret)));
  return values;
}

function asking(form: Form, values: ReadonlyMap<string, string>, page: Page): Asking {
  const sent = filled(form, values);
  if (form.method === 'GET') {
    const url = new URL(form.action);
    url.search = sent.toString();
    return { method: 'GET', url };
  }
  if (form.encoding === 'multipart/form-data')
    throw new StepFailure('protocol', 'a form of the login wants multipart/form-data, which is not sent');
  return {
    method: 'POST',
    url: form.action,
    body: { type: 'application/x-www-form-urlencoded', bytes: Buffer.from(sent.toString()) },
    // Django and others compare the origin of the form's page with that of the request.
    headers: { origin: page.url.origin, referer: page.url.origin + page.url.pathname },
  };
}
