import { forbiddenBy, type Portal } from '../../../pack/index.js';
import { StepFailure } from './step-failure.js';

/**
 * Asked before every request, logins included: variables, redirects and forms may lead where no step could be written
 * to go. Other origins count as the portal, too: most are another name of it.
 *
 * @throws {StepFailure} `assertion`.
 */
export function permit(url: URL, portal: Portal): void {
  const pattern = forbiddenBy(url.pathname, portal);
  if (pattern !== undefined)
    throw new StepFailure('assertion', `not sent: the portal forbids this path by neverProbe: ${pattern}`);
}
