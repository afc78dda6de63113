import type { Portal, SecretText } from '../../../../pack/index.js';
import type { Cancellation } from '../../measuring/cancellation.js';
import type { Redactor } from '../../redactor.js';
import type { OnOpenRequest } from '../http/open-request.js';
import { StepFailure } from '../step-failure.js';
import type { Cookies } from './cookies.js';
import type { ExpirySigns } from './expiry.js';
import type { OneTimeCodes } from './one-time-codes.js';

/** What authenticates requests for some time, such as the result of a login. */
export interface Grant {
  readonly headers: Readonly<Record<string, string>>;
  readonly lifetimeMs: number;
  /** Gets the next grant without a login, if possible. @throws {StepFailure} when a login is needed. */
  readonly refresh?: (tools: LoginTools) => Promise<Grant>;
  /** Ends it at the portal, if configured. @throws {StepFailure} */
  readonly logOut?: (tools: LoginTools) => Promise<void>;
}

export interface LoginTools {
  readonly portal: Portal;
  readonly cookies: Cookies;
  readonly reveal: (secret: SecretText) => string;
  readonly redactor: Redactor;
  readonly signs: ExpirySigns;
  readonly codes: OneTimeCodes;
  /** Takes over a request whose deadline passed after it was sent. */
  readonly onOpenRequest: OnOpenRequest | undefined;
  /** Called for each answer with the time in milliseconds that it asks to wait (`Retry-After`), if any. */
  readonly onAnswer: (retryAfterMs: number | undefined) => void;
  readonly signal: Cancellation;
}

/** A refused login: the portal answered, and refused it. */
export class LoginRefused extends StepFailure {}
