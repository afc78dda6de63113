import { z } from 'zod';
import type { EncryptionError } from '../../../pack/encryption/metrics.js';
import type { EndpointProvider as Description } from '../../../pack/encryption/model.js';
import type { Portal } from '../../../pack/index.js';
import { applyPathStyle, forbiddenBy } from '../../../pack/portal/paths.js';
import { anonymous, type Credentials } from '../../runtime/portal/auth/credentials.js';
import type { Grant } from '../../runtime/portal/auth/grant.js';
import { LoginSession } from '../../runtime/portal/auth/session.js';
import { portalHeaders } from '../../runtime/portal/headers.js';
import { StepFailure } from '../../runtime/portal/step-failure.js';
import type { Redactor } from '../../runtime/redactor.js';
import { parsedJson } from './aead.js';
import { endpointAnatomy } from './endpoint-form.js';
import { exchangeFailure, type JsonAnswer, JsonExchange } from './exchange.js';
import { ExporterFault, ProviderFailure, SessionLost } from './failure.js';
import type { Anatomy, Lasting, Provider, ProviderCall } from './provider.js';

/** Any JSON that the portal returns as a ciphertext. */
type Sealed = unknown;

const sealedAnswer = z.object({ ciphertext: z.union([z.string(), z.record(z.string(), z.unknown())]) });
const plaintextAnswer = z.object({ plaintext: z.string() });
/** Most frameworks answer 500 for an unhandled exception. */
const refusalHint = 'a refused ciphertext must be answered with 400, 409 or 422';
/** Identifies the caller, for the pauses between two logins. */
const ASKER = 'encryption-probe';

/**
 * The portal encrypts a canary and decrypts it again, and the exporter measures the exchange: only this provider shows
 * the latency for users. `POST {encryptPath} {plaintext, context}` answers `{ciphertext}`, and `POST {decryptPath}
 * {ciphertext, context}` answers `{plaintext}`; plaintexts are Base64. The portal must answer a ciphertext that it
 * refuses with 400, 409 or 422: a status that an outage may also cause is not a refusal.
 */
export class EndpointCipher implements Provider<Sealed> {
  readonly isSynchronous = false;
  readonly bindsContext: boolean;
  readonly anatomy: Anatomy<Sealed>;
  readonly lasting: Lasting<Sealed> = {
    versionOf: (sealed) => endpointAnatomy.dissect(sealed).keyVersion,
    write: (sealed) => JSON.stringify(sealed),
    read: parsedJson,
  };
  readonly #is: Description;
  readonly #portal: Portal;
  readonly #exchange: JsonExchange;
  readonly #credentials: Credentials;
  #grant: Grant | undefined;
  /** The last grant that the portal did not accept. */
  #refused: Grant | undefined;

  /** @param stopping ends a login in progress. */
  constructor(description: Description, portal: Portal, redactor: Redactor, stopping: AbortSignal) {
    this.#is = description;
    this.bindsContext = description.binds === 'context';
    this.anatomy = { ...endpointAnatomy, isConvergent: description.deterministic };
    this.#portal = portal;
    this.#exchange = new JsonExchange(portal);
    this.#credentials = description.authenticated ? new LoginSession(portal, redactor, stopping) : anonymous(redactor);
  }

  /** Logs in if necessary: a login is not part of any measurement. */
  async open(signal: AbortSignal): Promise<void> {
    for (const path of [this.#is.encryptPath, this.#is.decryptPath]) {
      const pattern = forbiddenBy(applyPathStyle(path, this.#portal), this.#portal);
      if (pattern !== undefined) {
        throw new ExporterFault('internal', `not sent: the portal forbids this path by neverProbe: ${pattern}`);
      }
    }
    try {
      this.#grant = await this.#credentials.prepare(signal);
    } catch (error) {
      throw exchangeFailure(error);
    } finally {
      // A refused login is reported by its failure; the others are not counted here, so they are discarded.
      this.#credentials.takeLogins();
    }
  }

  async encrypt(plaintext: Buffer, context: Buffer, { signal }: ProviderCall): Promise<Sealed> {
    const body = { plaintext: plaintext.toString('base64'), context: context.toString('utf8') };
    const read = sealedAnswer.safeParse(await this.#post(this.#is.encryptPath, body, 'encrypt', signal));
    if (!read.success) throw new ProviderFailure('protocol', 'the answer holds no ciphertext');
    return read.data.ciphertext;
  }

  async decrypt(sealed: Sealed, context: Buffer, { signal }: ProviderCall): Promise<Buffer> {
    const body = { ciphertext: sealed, context: context.toString('utf8') };
    const read = plaintextAnswer.safeParse(await this.#post(this.#is.decryptPath, body, 'decrypt', signal));
    if (!read.success) throw new ProviderFailure('protocol', 'the answer holds no plaintext');
    return Buffer.from(read.data.plaintext, 'base64');
  }

  close(): Promise<void> {
    this.#exchange.close();
    return Promise.resolve();
  }

  async #post(path: string, body: object, operation: 'encrypt' | 'decrypt', signal: AbortSignal): Promise<unknown> {
    const styled = applyPathStyle(path, this.#portal);
    const url = new URL(this.#portal.baseUrl + styled);
    const headers = { ...this.#headers(), ...this.#credentials.headersFor(url) };
    const answer = await this.#exchange.send('POST', styled, headers, body, signal);
    this.#credentials.remember(url, answer.setCookie?.slice());
    const sign = this.#refusalOf(answer);
    const mayHelp = this.#judgeGrant(sign === undefined);
    if (answer.status === 200 && sign === undefined) return answer.body;
    if (sign !== undefined) {
      const said = `${operation}: ${sign}`;
      throw mayHelp ? new SessionLost(said) : new ProviderFailure('auth', said);
    }
    // Never quote the answer: Kingston's portal echoes the request in a 422.
    const hint = operation === 'decrypt' && answer.status === 500 ? ` (${refusalHint})` : '';
    throw new ProviderFailure(reasonOf(answer.status, operation), `${operation}: status ${answer.status}${hint}`);
  }

  /** @returns whether logging in again may help: not if it did not help before. */
  #judgeGrant(accepted: boolean): boolean {
    const grant = this.#grant;
    if (grant === undefined) return false;
    if (this.#refused !== undefined && this.#refused !== grant) this.#credentials.learn(ASKER, accepted);
    const mayHelp = !accepted && this.#credentials.renew(grant, ASKER);
    this.#refused = accepted ? undefined : grant;
    return mayHelp;
  }

  /** The sign in an answer that the session has ended. */
  #refusalOf({ status, redirect, text }: JsonAnswer): string | undefined {
    const { signs } = this.#credentials;
    return (
      (redirect === undefined ? undefined : signs.redirect(redirect)) ??
      signs.status(status) ??
      (text === undefined ? undefined : signs.body(() => text))
    );
  }

  #headers(): Record<string, string> {
    try {
      return portalHeaders(this.#portal, this.#credentials.reveal);
    } catch (error) {
      throw error instanceof StepFailure ? exchangeFailure(error) : error;
    }
  }
}

function reasonOf(status: number, operation: 'encrypt' | 'decrypt'): EncryptionError {
  if (status === 401 || status === 403) return 'auth';
  if (status === 429) return 'throttled';
  if (status >= 500) return 'unavailable';
  // A portal answers an invalid ciphertext with a client error.
  return operation === 'decrypt' && (status === 400 || status === 409 || status === 422) ? 'integrity' : 'protocol';
}
