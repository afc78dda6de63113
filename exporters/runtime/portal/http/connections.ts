import type { ClientHttp2Session } from 'node:http2';
import type { Portal } from '../../../../pack/index.js';
import { abortable } from '../../measuring/abortable.js';
import type { Cancellation } from '../../measuring/cancellation.js';
import type { PhaseClock } from '../../measuring/phase-clock.js';
import { type Opened, open } from './connect.js';
import type { Answer, Outgoing } from './exchange.js';
import { ConnectionLost } from './failure.js';
import { exchangeHttp1 } from './http1.js';
import { exchangeHttp2, isUsable, startHttp2 } from './http2.js';
import type { OnOpenRequest } from './open-request.js';
import { proxyAuthorization } from './proxy.js';
import { isForwarded, type Target, targetOf } from './target.js';

export interface Received extends Answer {
  readonly opened: Opened;
  /** It came on a connection that was open before. */
  readonly reused: boolean;
}

interface Connection {
  readonly opened: Opened;
  readonly session: ClientHttp2Session | undefined;
}

/**
 * Open connections, at most one idle per origin, because the steps of a journey follow one another.
 *
 * With the policy `fresh` they live for a run, with `reuse` for as long as the workflow does.
 */
export class Connections {
  readonly #idle = new Map<string, Connection>();
  readonly #onOpenRequest: OnOpenRequest | undefined;
  #isClosed = false;

  /**
   * @param onOpenRequest takes over a request whose signal aborted after it was sent. Without it such a request is broken
   *   off, which the portal may not even notice.
   */
  constructor(onOpenRequest?: OnOpenRequest) {
    this.#onOpenRequest = onOpenRequest;
  }

  /** @throws {StepFailure} `dns`, `connect`, `tls`, `protocol` or `size`; or the signal's reason. */
  async send(outgoing: Outgoing, portal: Portal, clock: PhaseClock, signal: Cancellation): Promise<Received> {
    const target = targetOf(outgoing.url, portal);
    try {
      const kept = this.#takeIdle(target.key);
      if (kept !== undefined) {
        try {
          return await this.#exchange(kept, outgoing, target, clock, signal, true);
        } catch (error) {
          // The server may close an idle connection just as we use it again. Like a browser, ask once more on a new
          // one, but only where asking twice changes nothing. The time it took is the portal's, and stays counted.
          if (signal.aborted || !(error instanceof ConnectionLost) || !isSafe(outgoing.method)) throw error;
        }
      }
      const opened = await open(target, clock, signal);
      const session = opened.protocol === 'h2' ? startHttp2(opened.socket, outgoing.url.origin) : undefined;
      return await this.#exchange({ opened, session }, outgoing, target, clock, signal, false);
    } finally {
      clock.stop();
    }
  }

  /** Ends the idle ones now, and those in use when their exchange is over. */
  close(): void {
    this.#isClosed = true;
    for (const connection of this.#idle.values()) discard(connection);
    this.#idle.clear();
  }

  async #exchange(
    connection: Connection,
    outgoing: Outgoing,
    target: Target,
    clock: PhaseClock,
    signal: Cancellation,
    reused: boolean,
  ): Promise<Received> {
    const { opened, session } = connection;
    let exchange: Promise<Answer> | undefined;
    try {
      const answer = await abortable<Answer>(signal, (done, fail) => {
        exchange =
          session === undefined
            ? exchangeHttp1(opened.socket, forProxy(outgoing, target), isForwarded(target), clock, signal)
            : exchangeHttp2(session, outgoing, clock, signal);
        exchange.then(done, fail);
      });
      if (answer.reusable) this.#keep(target.key, connection);
      else discard(connection);
      return { ...answer, opened, reused };
    } catch (error) {
      const isOpen = signal.aborted && error === signal.reason;
      if (isOpen && exchange !== undefined && this.#onOpenRequest !== undefined) {
        // Its late events must not start the clock again.
        clock.end();
        this.#onOpenRequest({
          ended: exchange.then(ignore, ignore).then(() => discard(connection)),
          close: () => discard(connection),
        });
      } else discard(connection);
      throw error;
    }
  }

  /** Two runs may use the same workflow's connections at once, and both bring one back. */
  #keep(key: string, connection: Connection): void {
    if (this.#isClosed || this.#idle.has(key)) discard(connection);
    else this.#idle.set(key, connection);
  }

  #takeIdle(key: string): Connection | undefined {
    const connection = this.#idle.get(key);
    this.#idle.delete(key);
    if (connection === undefined || isAlive(connection)) return connection;
    discard(connection);
    return undefined;
  }
}

function isAlive({ opened, session }: Connection): boolean {
  return !opened.socket.destroyed && (session === undefined || isUsable(session));
}

function discard({ opened, session }: Connection): void {
  session?.destroy();
  opened.socket.destroy();
}

function forProxy(outgoing: Outgoing, target: Target): Outgoing {
  if (target.proxy === undefined || !isForwarded(target)) return outgoing;
  return { ...outgoing, headers: { ...outgoing.headers, ...proxyAuthorization(target.proxy) } };
}

function ignore(): void {}

function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}
