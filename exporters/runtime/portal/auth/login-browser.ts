import { LoopWatch } from '../../measuring/loop-watch.js';
import { PhaseClock } from '../../measuring/phase-clock.js';
import { Deadline } from '../deadline.js';
import { portalHeaders } from '../headers.js';
import { Connections, type ReceivedAnswer } from '../http/connections.js';
import { acceptEncoding, decode } from '../http/decode.js';
import type { Outgoing } from '../http/exchange.js';
import { nextHop, redirectTarget } from '../http/redirect.js';
import { retryAfterMs } from '../http/retry-after.js';
import { permit } from '../permit.js';
import { StepFailure } from '../step-failure.js';
import type { LoginTools } from './grant.js';

const MAX_ANSWER_BYTES = 1_000_000;
const MAX_REDIRECTS = 10;
/** A shorter cookie is a flag such as `true`, which is not a secret and occurs in many texts. */
const SHORTEST_SESSION = 8;

export interface Asking {
  readonly method: string;
  readonly url: URL;
  readonly body?: { readonly type: string; readonly bytes: Buffer };
  /** With lower-case names; in addition to those of the portal. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Page {
  readonly url: URL;
  readonly answer: ReceivedAnswer;
  /** The decoded text. @throws {StepFailure} when it cannot be decoded. */
  text(): Promise<string>;
}

/**
 * Does for a login what a browser does: it keeps cookies and one connection, and follows redirects, but contacts only
 * configured origins. Its time does not count for any SLA, and ends at one deadline.
 */
export class LoginBrowser {
  readonly #tools: LoginTools;
  readonly #origins: Set<string>;
  readonly #connections: Connections;
  readonly #clock = new PhaseClock(new LoopWatch());
  readonly #limit: Deadline;

  /**
   * @param timeoutMs time limit for all requests together.
   * @param origins that may be contacted in addition to the portal's own and its `redirectOrigins`.
   */
  constructor(tools: LoginTools, timeoutMs: number, origins: readonly string[] = []) {
    this.#tools = tools;
    this.#origins = new Set(origins);
    this.#connections = new Connections(tools.onOpenRequest);
    this.#limit = new Deadline(timeoutMs, tools.signal, { oursMs: () => this.#clock.oursMs });
  }

  /** One request and its answer, with any status. @throws {StepFailure} */
  async ask({ method, url, body, headers = {} }: Asking): Promise<Page> {
    return this.#send({
      method,
      url,
      headers: {
        ...(body === undefined ? {} : { 'content-type': body.type, 'content-length': String(body.bytes.length) }),
        ...headers,
      },
      body: body?.bytes,
      maxBodyBytes: MAX_ANSWER_BYTES,
    });
  }

  /**
   * The same, and follows its redirects.
   *
   * @param isEnd an address that is not requested, such as the redirect address that carries the code.
   * @returns the last page; with `isEnd`, the one that redirects to such an address.
   */
  async visit(asking: Asking, isEnd: (url: URL) => boolean = () => false): Promise<Page> {
    let page = await this.ask(asking);
    let from: Outgoing = {
      method: asking.method,
      url: asking.url,
      headers: asking.headers ?? {},
      body: asking.body?.bytes,
      maxBodyBytes: MAX_ANSWER_BYTES,
    };
    for (let hops = 0; ; hops += 1) {
      const target = redirectTarget(page.url, page.answer);
      if (target !== undefined && isEnd(target)) return page;
      const next = nextHop(from, page.answer, this.#allowed, hops, MAX_REDIRECTS);
      if (next === undefined) return page;
      from = next;
      page = await this.#send(next);
    }
  }

  /** Allows an origin that a trusted source names, such as the endpoint that a provider names. */
  allow(origin: string): void {
    this.#origins.add(origin);
  }

  /**
   * @throws {StepFailure} `redirect` if a form or an address of a provider points to an origin that is not configured.
   */
  demandAllowed(url: URL, from: URL, what: string): void {
    if (from.protocol === 'https:' && url.protocol !== 'https:')
      throw new StepFailure('redirect', `${what} leads from https to plain http, which would expose credentials`);
    const { baseUrl, network } = this.#allowed;
    if (url.origin === baseUrl || network.redirectOrigins.includes(url.origin)) return;
    throw new StepFailure(
      'redirect',
      `${what} leads away from the portal, to ${url.origin}; list it in network.redirectOrigins if that is right`,
    );
  }

  close(): void {
    this.#limit.clear();
    this.#connections.close();
  }

  get #allowed() {
    const { baseUrl, network } = this.#tools.portal;
    return { baseUrl, network: { ...network, redirectOrigins: [...network.redirectOrigins, ...this.#origins] } };
  }

  async #send(outgoing: Outgoing): Promise<Page> {
    const { portal, cookies } = this.#tools;
    const { url } = outgoing;
    permit(url, portal);
    const cookie = cookies.header(url);
    const headers = {
      accept: 'application/json, text/html;q=0.9, */*;q=0.8',
      'accept-encoding': acceptEncoding,
      'user-agent': 'kingston-observability-pack',
      ...(url.origin === portal.baseUrl ? portalHeaders(portal, this.#tools.reveal) : {}),
      // Headers that describe the body are set here, and override configured headers.
      ...outgoing.headers,
      ...(cookie === undefined ? {} : { cookie }),
    };
    const answer = await this.#connections
      .send({ ...outgoing, headers }, portal, this.#clock, this.#limit)
      .catch((error: unknown) => {
        throw this.#limit.blame(error);
      });
    this.#tools.onAnswer(retryAfterMs(answer.status, answer.headers['retry-after']));
    cookies.store(url, answer.headers['set-cookie']);
    for (const value of cookieValues(answer)) if (value.length >= SHORTEST_SESSION) this.#tools.redactor.add(value);
    return { url, answer, text: () => textOf(answer) };
  }
}

async function textOf({ body, headers }: ReceivedAnswer): Promise<string> {
  return (await decode(body, headers['content-encoding'], MAX_ANSWER_BYTES)).toString('utf8');
}

function cookieValues(answer: ReceivedAnswer): string[] {
  return (answer.headers['set-cookie'] ?? []).map((line) =>
    (line.split(';', 1)[0] ?? '').replace(/^[^=]*=/, '').trim(),
  );
}
