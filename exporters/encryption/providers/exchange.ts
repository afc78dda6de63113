import type { EncryptionError } from '../../../pack/encryption/metrics.js';
import type { Portal } from '../../../pack/index.js';
import type { FailureReason } from '../../../pack/portal/outcomes.js';
import { LoopWatch } from '../../runtime/measuring/loop-watch.js';
import { PhaseClock } from '../../runtime/measuring/phase-clock.js';
import { Connections } from '../../runtime/portal/http/connections.js';
import { acceptEncoding, decode } from '../../runtime/portal/http/decode.js';
import { redirectTarget } from '../../runtime/portal/http/redirect.js';
import { OurFault, StepFailure } from '../../runtime/portal/step-failure.js';
import { asFailure, ExporterFault, ProviderFailure } from './failure.js';

/** 64 KiB as Base64 in JSON is 88 KiB. */
const MAX_ANSWER_BYTES = 4_000_000;

export interface JsonAnswer {
  readonly status: number;
  /** Undefined when the answer is not JSON, or is nested too deeply. */
  readonly body: unknown;
  readonly setCookie: readonly string[] | undefined;
  /** The body if it is not JSON, such as a login page. */
  readonly text: string | undefined;
  /** The target of its redirect. */
  readonly redirect: URL | undefined;
}

const reasons: Readonly<Partial<Record<FailureReason, EncryptionError>>> = {
  dns: 'unavailable',
  connect: 'unavailable',
  tls: 'unavailable',
  timeout: 'timeout',
  auth: 'auth',
  // From a login: it must not be repeated before this time, or an earlier one is still unanswered.
  'retry-after': 'throttled',
  unanswered: 'timeout',
};

/** No ciphertext is nested more deeply, and a deeper value would overflow the stack when it is written. */
const DEEPEST = 100;

/** JSON over connections that stay open between calls. */
export class JsonExchange {
  readonly #portal: Portal;
  #connections = new Connections();

  constructor(portal: Portal) {
    this.#portal = portal;
  }

  /** @throws {ProviderFailure} when no complete answer arrived. */
  async send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: unknown,
    signal: AbortSignal,
  ): Promise<JsonAnswer> {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    try {
      const received = await this.#connections.send(
        {
          method,
          url: new URL(this.#portal.baseUrl + path),
          headers: {
            accept: 'application/json',
            'accept-encoding': acceptEncoding,
            'user-agent': 'kingston-observability-pack',
            ...(bytes === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': String(bytes.length) }),
            ...headers,
          },
          body: bytes,
          maxBodyBytes: MAX_ANSWER_BYTES,
        },
        this.#portal,
        new PhaseClock(unwatched),
        signal,
      );
      const answer = await decode(received.body, received.headers['content-encoding'], MAX_ANSWER_BYTES);
      const json = parsed(answer);
      return {
        status: received.status,
        body: json,
        setCookie: received.headers['set-cookie'],
        text: json === undefined ? answer.toString('utf8') : undefined,
        redirect: redirectTarget(new URL(this.#portal.baseUrl + path), received),
      };
    } catch (error) {
      throw exchangeFailure(error);
    } finally {
      bytes?.fill(0);
    }
  }

  close(): void {
    this.#connections.close();
    this.#connections = new Connections();
  }
}

/** The probe itself watches the event loop during the complete call. */
const unwatched = new LoopWatch();

/** Messages of the connection layer contain addresses and codes, but nothing that was sent or received. */
export function exchangeFailure(error: unknown): ProviderFailure {
  if (error instanceof OurFault) return new ExporterFault(error.fault, error.message);
  if (error instanceof StepFailure) return new ProviderFailure(reasons[error.reason] ?? 'protocol', error.message);
  return asFailure(error);
}

function parsed(body: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return isNestedDeeper(value, DEEPEST) ? undefined : value;
  } catch {
    return undefined;
  }
}

function isNestedDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isNestedDeeper(member, levels - 1));
}
