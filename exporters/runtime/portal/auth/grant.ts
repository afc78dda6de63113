import type { Portal, SecretText } from '../../../../pack/index.js';
import type { Cancellation } from '../../measuring/cancellation.js';
import type { Redactor } from '../../redactor.js';
import type { OnOpenRequest } from '../http/open-request.js';
import { StepFailure } from '../step-failure.js';
import type { Cookies } from './cookies.js';
import type { ExpirySigns } from './expiry.js';
import type { OneTimeCodes } from './one-time-codes.js';

/** What authenticates requests for a while, such as the result of a login. */
export interface Grant {
  readonly headers: Readonly<Record<string, string>>;
  readonly lifetimeMs: number;
  /** Gets the next one without a login, where that is possible. @throws {StepFailure} when a login is needed after all. */
  readonly refresh?: (tools: LoginTools) => Promise<Grant>;
  /** Ends it on the other side, where that is asked for. @throws {StepFailure} */
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
  /** Learns of each answer whether, and for how many milliseconds, it asks to wait (`Retry-After`). */
  readonly onAnswer: (retryAfterMs: number | undefined) => void;
  readonly signal: Cancellation;
}

/** A refused login: the portal answered, and said no. */
export class LoginRefused extends StepFailure {}
