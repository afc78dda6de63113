import type { Portal } from '../../../pack/index.js';
import { forbiddenBy } from '../../../pack/portal/paths.js';
import { StepFailure } from './step-failure.js';

/**
 * Checked before every request, including logins: variables, redirects and forms may produce paths that a step must not
 * request. Other origins count as the portal too: most are another name for it.
 *
 * @throws {StepFailure} `assertion`.
 */
export function permit(url: URL, portal: Portal): void {
  const pattern = forbiddenBy(url.pathname, portal);
  if (pattern !== undefined)
    throw new StepFailure('assertion', `not sent: the portal forbids this path by neverProbe: ${pattern}`);
}
