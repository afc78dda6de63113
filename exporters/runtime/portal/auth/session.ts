import { performance } from 'node:perf_hooks';
import type { Portal, SecretText } from '../../../../pack/index.js';
import { SecretUnavailable } from '../../../../pack/secret.js';
import { formatMs } from '../../format.js';
import { abortable } from '../../measuring/abortable.js';
import { Backoff } from '../../measuring/backoff.js';
import type { Cancellation } from '../../measuring/cancellation.js';
import type { Redactor } from '../../redactor.js';
import { type LoginResult, OurFault, StepFailure } from '../step-failure.js';
import { Cookies } from './cookies.js';
import { type Credentials, cookieHeader, revealer } from './credentials.js';
import { type ExpirySigns, expirySigns } from './expiry.js';
import { type Grant, LoginRefused, type LoginTools } from './grant.js';
import { logIn } from './login.js';
import type { LoginRoom } from './login-room.js';
import { fetchToken } from './oauth2.js';

const pauses = { initialMs: 30_000, maxMs: 15 * 60_000 };
/** A portal in trouble locks no account, and once it is back nobody is to miss for our caution. */
const pausesInTrouble = { initialMs: 5000, maxMs: 60_000 };

/**
 * One portal's session, shared by all its authenticated runs. It logs in once and keeps the grant until it expires
 * or is refused: each login leaves a row in Kingston's `session` table and holds its event loop for 300 ms.
 *
 * After a refused login it pauses, longer each time, so that a wrong password neither locks an account nor burdens
 * the portal, and for a short time after one that failed otherwise; runs meanwhile fail with reason `auth` at once.
 */
export class Session implements Credentials {
  readonly #portal: Portal;
  readonly #redactor: Redactor;
  readonly #stopping: Cancellation;
  readonly #room: LoginRoom | undefined;
  readonly reveal: (secret: SecretText) => string;
  readonly signs: ExpirySigns;
  #cookies = new Cookies();
  #grant: { readonly grant: Grant; readonly expiresAt: number } | undefined;
  #login: Promise<Grant> | undefined;
  readonly #refusedPause = new Backoff(pauses);
  readonly #troublePause = new Backoff(pausesInTrouble);
  #lastFailure: StepFailure | undefined;
  /** Those whom a new grant did not help. */
  readonly #renewalPauses = new Map<string, Backoff>();
  #logins: LoginResult[] = [];

  /**
   * @param stopping ends a login that is under way; no single run does, because others wait for it too.
   * @param room where what a login asks of the portal is counted
   */
  constructor(portal: Portal, redactor: Redactor, stopping: Cancellation, room?: LoginRoom) {
    this.#portal = portal;
    this.#redactor = redactor;
    this.#stopping = stopping;
    this.#room = room;
    this.reveal = revealer(redactor);
    this.signs = expirySigns(portal.auth.kind === 'none' ? undefined : portal.auth.expiredWhen, portal);
  }

  prepare(signal: Cancellation): Promise<Grant> {
    if (this.#grant !== undefined && performance.now() < this.#grant.expiresAt)
      return Promise.resolve(this.#grant.grant);
    const restMs = Math.max(this.#refusedPause.restMs, this.#troublePause.restMs);
    if (this.#login === undefined && restMs > 0) {
      const wait = formatMs(Math.ceil(restMs / 1000) * 1000);
      const message = `not logging in for another ${wait}, because the last login failed: ${this.#lastFailure?.message}`;
      const fault = this.#lastFailure instanceof OurFault ? this.#lastFailure.fault : undefined;
      return Promise.reject(fault === undefined ? new StepFailure('auth', message) : new OurFault(fault, message));
    }
    if (this.#login === undefined) {
      const leave = hasLogin(this.#portal) ? (this.#room?.enter ?? free)() : free();
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
    if (!hasLogin(this.#portal)) return false;
    // Another run has renewed it while this one was under way.
    if (this.#grant?.grant !== refused) return true;
    if ((this.#renewalPauses.get(asker)?.restMs ?? 0) > 0) return false;
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

  async #obtain(): Promise<Grant> {
    const cookies = new Cookies();
    const start = performance.now();
    const note = (outcome: LoginResult['outcome'], detail?: string) => {
      if (!hasLogin(this.#portal)) return;
      const durationMs = performance.now() - start;
      const shown = detail === undefined ? {} : { detail: this.#redactor.redact(detail) };
      this.#logins.push({ portal: this.#portal.name, outcome, durationMs, ...shown });
    };
    try {
      const grant = await obtain({
        portal: this.#portal,
        cookies,
        reveal: this.reveal,
        redactor: this.#redactor,
        signal: this.#stopping,
        ...(this.#room === undefined ? {} : { onOpenRequest: this.#room.onOpenRequest }),
      });
      this.#cookies = cookies;
      this.#grant = { grant, expiresAt: start + grant.lifetimeMs };
      this.#refusedPause.succeed();
      this.#troublePause.succeed();
      this.#room?.succeeded();
      note('success');
      return grant;
    } catch (error) {
      const failure = asFailure(error);
      this.#lastFailure = failure;
      (failure instanceof LoginRefused ? this.#refusedPause : this.#troublePause).fail();
      note(failure instanceof LoginRefused ? 'refused' : 'failed', failure.message);
      const message = `login: ${failure.message}`;
      if (failure instanceof OurFault) throw new OurFault(failure.fault, message, { cause: failure });
      throw new StepFailure(failure.reason, message, { cause: failure });
    }
  }
}

const openLogin = 'login: not sent: an earlier login has neither been answered nor closed';

function free(): () => void {
  return () => {};
}

/** The other kinds send what is configured; there is nothing to ask the portal for. */
function hasLogin({ auth }: Portal): boolean {
  return auth.kind === 'login' || auth.kind === 'oauth2';
}

async function obtain(tools: LoginTools): Promise<Grant> {
  const { auth } = tools.portal;
  switch (auth.kind) {
    case 'none':
      return { headers: {}, lifetimeMs: Number.POSITIVE_INFINITY };
    case 'basic': {
      const pair = `${tools.reveal(auth.username)}:${tools.reveal(auth.password)}`;
      const encoded = Buffer.from(pair).toString('base64');
      tools.redactor.add(encoded);
      return { headers: { authorization: `Basic ${encoded}` }, lifetimeMs: REREAD_SECRETS_AFTER_MS };
    }
    case 'header':
      return {
        headers: { [auth.header.toLowerCase()]: tools.reveal(auth.value) },
        lifetimeMs: REREAD_SECRETS_AFTER_MS,
      };
    case 'login':
      return logIn(auth, tools);
    case 'oauth2':
      return fetchToken(auth, tools);
  }
}

/** A rotated secret file is taken up within a minute. */
const REREAD_SECRETS_AFTER_MS = 60_000;

/** A fault of ours must show as a failed login, not end the thread. */
function asFailure(error: unknown): StepFailure {
  if (error instanceof StepFailure) return error;
  if (error instanceof SecretUnavailable) return new OurFault('secret', error.message, { cause: error });
  return new OurFault('internal', `unexpected: ${String(error)}`, { cause: error });
}
