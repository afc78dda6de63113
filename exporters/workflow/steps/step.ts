import type { Portal } from '../../../pack/index.js';
import type { Step } from '../../../pack/workflow/model.js';
import type { Cancellation } from '../../runtime/measuring/cancellation.js';
import type { PhaseClock } from '../../runtime/measuring/phase-clock.js';
import type { Credentials } from '../../runtime/portal/auth/credentials.js';
import type { Connections } from '../../runtime/portal/http/connections.js';
import type { AddressTry } from '../../runtime/portal/http/dial.js';
import type { StepFailure } from '../../runtime/portal/step-failure.js';
import type { Variables } from '../../runtime/portal/template.js';

/** Runs code that may end or block the thread, such as parsing an answer, and records for which job. Synchronous. */
export type Judging = <T>(judge: () => T) => T;

/** What a step may use. A kind that is not HTTP does not use the connections. */
export interface StepContext {
  readonly portal: Portal;
  readonly variables: Variables;
  readonly credentials: Credentials;
  readonly connections: Connections;
  /** Runs while the step waits for the portal, and is stopped while its answer is judged. */
  readonly clock: PhaseClock;
  readonly judging: Judging;
  /** Aborts at the deadline of the step, the run or the scrape, whichever comes first. */
  readonly signal: Cancellation;
  readonly log: (message: string) => void;
}

export interface StepOutcome {
  readonly certificateExpirySeconds?: number;
  readonly otherCertificateExpirySeconds?: number;
  /** Every address to which a connection was tried. */
  readonly addresses: readonly AddressTry[];
  readonly facts: Readonly<Record<string, string | number>>;
  readonly extracted: Variables;
  readonly failure?: StepFailure;
  /**
   * How long the portal asked the exporter to wait before the next request, in milliseconds; only with status 429 or
   * 503.
   */
  readonly retryAfterMs?: number;
  /** The portal did not accept the credentials, shown by this sign: log in again and retry once. */
  readonly refusal?: string;
}

export type RunStep<S extends Step = Step> = (step: S, context: StepContext) => Promise<StepOutcome>;
