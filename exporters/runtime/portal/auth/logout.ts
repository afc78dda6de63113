import type { Logout } from '../../../../pack/index.js';
import { applyPathStyle } from '../../../../pack/portal/paths.js';
import { StepFailure } from '../step-failure.js';
import { fetchCsrfToken, noToken } from './csrf.js';
import type { Grant, LoginTools } from './grant.js';
import { LoginBrowser } from './login-browser.js';

/**
 * Ends a session with a request, for portals that limit sessions.
 *
 * @param headers that authenticate in addition to the cookies. @throws {StepFailure}
 */
export async function logOutOf(
  logout: Logout,
  headers: Grant['headers'],
  timeoutMs: number,
  tools: LoginTools,
): Promise<void> {
  const { portal } = tools;
  const visitor = new LoginBrowser(tools, timeoutMs);
  try {
    const token = logout.csrf === undefined ? noToken : await fetchCsrfToken(logout.csrf, visitor, tools);
    const fields = new URLSearchParams(token.fields).toString();
    const { answer } = await visitor.ask({
      method: logout.method,
      url: new URL(portal.baseUrl + applyPathStyle(logout.path, portal)),
      headers: { ...headers, ...token.headers, origin: portal.baseUrl, referer: `${portal.baseUrl}/` },
      ...(logout.method === 'GET'
        ? {}
        : { body: { type: 'application/x-www-form-urlencoded', bytes: Buffer.from(fields) } }),
    });
    if (logout.expectStatus.some(({ min, max }) => answer.status >= min && answer.status <= max)) return;
    throw new StepFailure('status', `status ${answer.status} of the logout`);
  } finally {
    visitor.close();
  }
}
