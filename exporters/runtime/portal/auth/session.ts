import { performance } from 'node:perf_hooks';
import type { Auth, Portal, SecretText } from '../../../../pack/index.js';
import { SecretUnavailable } from '../../../../pack/secrets/secret.js';
import { formatMs } from '../../format.js';
import { abortable } from '../../measuring/abortable.js';
import { Backoff } from '../../measuring/backoff.js';
import { type Cancellation, Canceller } from '../../measuring/cancellation.js';
import type { Redactor } from '../../redactor.js';
import { Deadline } from '../deadline.js';
import { AskedToWait, type LoginResult, OurFault, StepFailure } from '../step-failure.js';
import { Cookies } from './cookies.js';
import { type Credentials, cookieHeader, revealer } from './credentials.js';
import { type ExpirySigns, expirySigns } from './expiry.js';
import { type Grant, LoginRefused, type LoginTools } from './grant.js';
import { hasLogin, obtain, totpOf } from './kinds.js';
import type { LoginRoom } from './login-room.js';
import { OneTimeCodes } from './one-time-codes.js';

const pauses = { initialMs: 30_000, maxMs: 15 * 60_000 };
/** A portal with errors locks no account, and our pause must not cost measurements once it works again. */
const pausesAfterErrors = { initialMs: 5000, maxMs: 60_000 };
/** Longest wait for a logout when the exporter stops. */
const LAST_LOGOUT_MS = 800;

/** The name of the user of `auth:`, next to the names in `identities:`. */
export const DEFAULT_IDENTITY = 'default';

export interface SessionOptions {
  /** One of the portal's identities. Default: its `auth`. */
  readonly identity?: string | undefined;
  /** Where the requests of a login are counted. */
  readonly room?: LoginRoom | undefined;
}

/**
 * One user's session on a portal, shared by all runs of that user. It logs in once and keeps the grant until it expires
 * or is refused: each login adds a row to Kingston's `session` table and blocks its event loop for 300 ms.
 *
 * After a refused login it pauses, longer each time, so that a wrong password neither locks an account nor adds load to
 * the portal; after a login that failed for another reason it pauses briefly. Runs during a pause fail at once with
 * reason `auth`.
 */
export class LoginSession implements Credentials {
  readonly #portal: Portal;
  readonly #auth: Auth;
  readonly #identity: string;
  readonly #redactor: Redactor;
  readonly #stopping: Cancellation;
  readonly #room: LoginRoom | undefined;
  readonly #codes = new OneTimeCodes();
  readonly reveal: (secret: SecretText) => string;
  readonly signs: ExpirySigns;
  #cookies = new Cookies();
  #grant: { readonly grant: Grant; readonly expiresAt: number } | undefined;
  /** The previous grant, which may still be open at the portal. */
  #before: { readonly grant: Grant; readonly wasRefused: boolean } | undefined;
  #login: Promise<Grant> | undefined;
  readonly #refusedPause = new Backoff(pauses);
  readonly #errorPause = new Backoff(pausesAfterErrors);
  #lastFailure: StepFailure | undefined;
  /** On the monotonic clock: no login before this time, because of `Retry-After`. */
  #notBefore = 0;
  /** Routes that also refused a new grant. */
  readonly #renewalPauses = new Map<string, Backoff>();
  #logins: LoginResult[] = [];

  /** @param stopping ends a login in progress; a single run does not end it, because others wait for it too. */
  constructor(portal: Portal, redactor: Redactor, stopping: Cancellation, options: SessionOptions = {}) {
    const { identity, room } = options;
    this.#portal = portal;
    this.#auth = (identity === undefined ? portal.auth : portal.identities[identity]) ?? { kind: 'none' };
    this.#identity = identity ?? DEFAULT_IDENTITY;
    this.#redactor = redactor;
    this.#stopping = stopping;
    this.#room = room;
    this.reveal = revealer(redactor);
    this.signs = expirySigns(this.#auth.kind === 'none' ? undefined : this.#auth.expiredWhen, portal);
  }

  prepare(signal: Cancellation): Promise<Grant> {
    if (this.#grant !== undefined && performance.now() < this.#grant.expiresAt)
      return Promise.resolve(this.#grant.grant);
    const askedMs = this.#notBefore - performance.now();
    const pauseMs = Math.max(this.#refusedPause.pauseMs, this.#errorPause.pauseMs);
    if (this.#login === undefined && askedMs > 0 && askedMs >= pauseMs) {
      const wait = formatMs(Math.ceil(askedMs / 1000) * 1000);
      const message = `login: not sent: it is asked to wait for another ${wait} (Retry-After)`;
      return Promise.reject(new AskedToWait('retry-after', message, askedMs));
    }
    if (this.#login === undefined && pauseMs > 0) {
      const wait = formatMs(Math.ceil(pauseMs / 1000) * 1000);
      const message = `not logging in for another ${wait}, because the last login failed: ${this.#lastFailure?.message}`;
      const fault = this.#lastFailure instanceof OurFault ? this.#lastFailure.fault : undefined;
      return Promise.reject(fault === undefined ? new StepFailure('auth', message) : new OurFault(fault, message));
    }
    if (this.#login === undefined) {
      const leave = hasLogin(this.#auth) ? (this.#room?.enter ?? free)() : free();
      if (leave === undefined) return Promise.reject(new StepFailure('unanswered', openLogin));
      this.#login = this.#obtain().finally(() => {
        this.#login = undefined;
        leave();
      });
    }
    const login = this.#login;
    return abortable(signal, (done, fail) => {
      login.then(done, fail);
    });
  }

  renew(refused: Grant, asker: string): boolean {
    if (!hasLogin(this.#auth)) return false;
    // Another run has renewed it in the meantime.
    if (this.#grant?.grant !== refused) return true;
    if ((this.#renewalPauses.get(asker)?.pauseMs ?? 0) > 0) return false;
    this.#before = { grant: refused, wasRefused: true };
    this.#grant = undefined;
    return true;
  }

  learn(asker: string, accepted: boolean): void {
    if (accepted) {
      this.#renewalPauses.delete(asker);
      return;
    }
    const pause = this.#renewalPauses.get(asker) ?? new Backoff(pauses);
    pause.fail();
    this.#renewalPauses.set(asker, pause);
  }

  takeLogins(): readonly LoginResult[] {
    const taken = this.#logins;
    this.#logins = [];
    return taken;
  }

  headersFor(url: URL): Record<string, string> {
    const own = url.origin === this.#portal.baseUrl;
    return { ...(own ? this.#grant?.grant.headers : {}), ...cookieHeader(this.#cookies, url) };
  }

  remember(url: URL, setCookie: readonly string[] | undefined): void {
    this.#cookies.store(url, setCookie);
  }

  cookie(url: URL, name: string): string | undefined {
    return this.#cookies.value(url, name);
  }

  /** Logs out if configured. Called at the end, when no run uses the session any more. */
  async close(): Promise<void> {
    await this.#login?.catch(() => {});
    const grant = this.#grant?.grant;
    this.#grant = undefined;
    if (grant === undefined) return;
    // The signal that stops the runs must not stop the logout.
    const limit = new Deadline(LAST_LOGOUT_MS, new Canceller());
    await this.#logOut(grant, limit);
    limit.clear();
  }

  async #obtain(): Promise<Grant> {
    if (this.#grant !== undefined) this.#before = { grant: this.#grant.grant, wasRefused: false };
    this.#grant = undefined;
    let start = performance.now();
    let askedMs: number | undefined;
    try {
      const refreshed = await this.#refresh();
      if (refreshed === undefined) {
        if (this.#before !== undefined) await this.#logOut(this.#before.grant, this.#stopping);
        this.#before = undefined;
        const totp = totpOf(this.#auth);
        if (totp !== undefined) await this.#codes.ready(totp, this.reveal(totp.secret), this.#stopping);
        start = performance.now();
      }
      const cookies = refreshed === undefined ? new Cookies() : this.#cookies;
      const grant =
        refreshed ??
        (await obtain(
          this.#auth,
          this.#tools(cookies, this.#stopping, (ms) => {
            askedMs = ms;
          }),
        ));
      this.#cookies = cookies;
      this.#before = undefined;
      this.#grant = { grant, expiresAt: start + grant.lifetimeMs };
      this.#refusedPause.succeed();
      this.#errorPause.succeed();
      this.#room?.succeeded();
      this.#note('login', 'success', start);
      return grant;
    } catch (error) {
      const failure = asFailure(error);
      this.#lastFailure = failure;
      // It counts even with Retry-After: a portal that asks for one second after each refusal would lock the account.
      (failure instanceof LoginRefused ? this.#refusedPause : this.#errorPause).fail();
      if (askedMs !== undefined && !(failure instanceof OurFault)) {
        const waitMs = Math.min(askedMs, this.#portal.limits.abandonedAfterMs);
        this.#notBefore = performance.now() + waitMs;
        this.#note('login', 'failed', start, failure.message);
        throw new AskedToWait(failure.reason, `login: ${failure.message}`, waitMs, { cause: failure });
      }
      this.#note('login', failure instanceof LoginRefused ? 'refused' : 'failed', start, failure.message);
      const message = `login: ${failure.message}`;
      if (failure instanceof OurFault) throw new OurFault(failure.fault, message, { cause: failure });
      throw new StepFailure(failure.reason, message, { cause: failure });
    }
  }

  /** Undefined if only a login helps. */
  async #refresh(): Promise<Grant | undefined> {
    const { grant, wasRefused } = this.#before ?? {};
    if (grant?.refresh === undefined || wasRefused === true) return undefined;
    try {
      return await grant.refresh(this.#tools(this.#cookies, this.#stopping));
    } catch (error) {
      // The provider no longer accepts it. If the provider has errors, the following login shows them.
      if (error instanceof StepFailure) return undefined;
      throw error;
    }
  }

  async #logOut(grant: Grant, signal: Cancellation): Promise<void> {
    if (grant.logOut === undefined) return;
    const start = performance.now();
    try {
      await grant.logOut(this.#tools(this.#cookies, signal));
      this.#note('logout', 'success', start);
    } catch (error) {
      // It does not prevent a login; a portal that limits sessions may refuse it.
      this.#note('logout', 'failed', start, asFailure(error).message);
    }
  }

  #tools(cookies: Cookies, signal: Cancellation, onAnswer: LoginTools['onAnswer'] = () => {}): LoginTools {
    return {
      portal: this.#portal,
      cookies,
      reveal: this.reveal,
      redactor: this.#redactor,
      signs: this.signs,
      codes: this.#codes,
      onOpenRequest: this.#room?.onOpenRequest,
      onAnswer,
      signal,
    };
  }

  #note(action: LoginResult['action'], outcome: LoginResult['outcome'], start: number, detail?: string): void {
    if (!hasLogin(this.#auth)) return;
    this.#logins.push({
      portal: this.#portal.name,
      identity: this.#identity,
      action,
      outcome,
      durationMs: performance.now() - start,
      ...(detail === undefined ? {} : { detail: this.#redactor.redact(detail) }),
    });
  }
}

const openLogin = 'login: not sent: an earlier login has neither been answered nor closed';

function free(): () => void {
  return () => {};
}

/** A fault of the exporter must be visible as a failed login and not end the thread. */
function asFailure(error: unknown): StepFailure {
  if (error instanceof StepFailure) return error;
  if (error instanceof SecretUnavailable) return new OurFault('secret', error.message, { cause: error });
  return new OurFault('internal', `unexpected: ${String(error)}`, { cause: error });
}
