import type { Portal, SecretText } from '../../../../pack/index.js';
import type { Cancellation } from '../../measuring/cancellation.js';
import type { Redactor } from '../../redactor.js';
import type { OnOpenRequest } from '../http/open-request.js';
import { StepFailure } from '../step-failure.js';
import type { Cookies } from './cookies.js';

/** What authenticates requests for a while, such as the result of a login. */
export interface Grant {
  readonly headers: Readonly<Record<string, string>>;
  readonly lifetimeMs: number;
}

export interface LoginTools {
  readonly portal: Portal;
  readonly cookies: Cookies;
  readonly reveal: (secret: SecretText) => string;
  readonly redactor: Redactor;
  readonly signal: Cancellation;
  /** Takes over a request of the login that is open beyond its deadline. */
  readonly onOpenRequest?: OnOpenRequest;
}

/** A refused login: the portal answered, and said no. */
export class LoginRefused extends StepFailure {}
