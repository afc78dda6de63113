import type { Portal } from '../../../pack/index.js';
import { applyPathStyle } from '../../../pack/portal/paths.js';
import type { HttpStep } from '../../../pack/workflow/model.js';

/** Words of pages to which portals redirect users whom they refuse. */
const stations = /^(log-?in|sign-?in|log-?out|auth|oauth2?|sso|saml|error|errors|maintenance|index\.html?)$/i;

/**
 * The path of a step for a log: its template, because the values in it may be a client's number.
 *
 * @example shownPath(step, portal) // '/api/client_groups/{clientGroupId}/complete'
 */
export function shownPath(step: HttpStep, portal: Portal): string {
  return applyPathStyle(step.path, portal);
}

/**
 * The target of a redirect, for a log: only those words of its path that the step also has or that identify no person.
 */
export function shownRedirect(url: URL, step: HttpStep, portal: Portal): string {
  const known = new Set(shownPath(step, portal).split('/'));
  const path = url.pathname
    .split('/')
    .map((segment) => (known.has(segment) || stations.test(segment) ? segment : '…'))
    .join('/');
  return url.origin === portal.baseUrl ? path : `${url.origin}${path}`;
}
