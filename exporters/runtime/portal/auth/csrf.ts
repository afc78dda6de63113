import type { Csrf } from '../../../../pack/index.js';
import { applyPathStyle } from '../../../../pack/portal/paths.js';
import { StepFailure } from '../step-failure.js';
import { LoginRefused, type LoginTools } from './grant.js';
import type { HtmlPage } from './html-forms.js';
import { jsonAt } from './json-at.js';
import type { LoginBrowser, Page } from './login-browser.js';

/** What a request must carry so that the portal accepts it as coming from its own page. */
export interface CsrfToken {
  readonly fields: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

export const noToken: CsrfToken = { fields: {}, headers: {} };

/** Requests the page with the token, and keeps its cookies. @throws {StepFailure} */
export async function fetchCsrfToken(csrf: Csrf, visitor: LoginBrowser, tools: LoginTools): Promise<CsrfToken> {
  const { portal } = tools;
  const page = await visitor.visit({
    method: 'GET',
    url: new URL(portal.baseUrl + applyPathStyle(csrf.path, portal)),
  });
  const { status } = page.answer;
  if (status >= 400) {
    const Failure = status >= 500 ? StepFailure : LoginRefused;
    throw new Failure(status >= 500 ? 'status' : 'auth', `status ${status} of the page with the CSRF token`);
  }
  const token = await tokenIn(page, csrf.from, tools);
  if (token === undefined || token === '')
    throw new LoginRefused('auth', `the page with the CSRF token has none at ${csrf.from.kind} ${csrf.from.name}`);
  tools.redactor.add(token);
  return csrf.to.kind === 'field'
    ? { fields: { [csrf.to.name]: token }, headers: {} }
    : { fields: {}, headers: { [csrf.to.name.toLowerCase()]: token } };
}

async function tokenIn(page: Page, from: Csrf['from'], { cookies }: LoginTools): Promise<string | undefined> {
  switch (from.kind) {
    case 'cookie': {
      const value = cookies.value(page.url, from.name);
      // Laravel and others percent-encode the token in the cookie, and compare it decoded.
      return value === undefined ? undefined : decoded(value);
    }
    case 'header': {
      const value = page.answer.headers[from.name.toLowerCase()];
      return Array.isArray(value) ? value[0] : value;
    }
    case 'json':
      return jsonAt(await page.text(), from.name);
    case 'meta':
      return (await htmlOf(page)).meta.get(from.name);
    case 'input': {
      const { forms } = await htmlOf(page);
      return forms.flatMap(({ controls }) => controls).find(({ name }) => name === from.name)?.value;
    }
  }
}

/** Most tokens are found without a parser; it is loaded only if needed. */
async function htmlOf(page: Page): Promise<HtmlPage> {
  const { readHtml } = await import('./html-forms.js');
  return readHtml(await page.text(), page.url);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
