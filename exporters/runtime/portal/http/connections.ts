import type { Portal } from '../../../../pack/index.js';
import { abortable } from '../../measuring/abortable.js';
import type { Cancellation } from '../../measuring/cancellation.js';
import type { PhaseClock } from '../../measuring/phase-clock.js';
import { type OnAddress, type Opened, openConnection } from './connect.js';
import type { Answer, Outgoing } from './exchange.js';
import { ConnectionLost, NotProcessed } from './failure.js';
import { blameProxy, refuseAnswerOfProxy } from './forwarding-proxy.js';
import { exchangeHttp1 } from './http1.js';
import { exchangeHttp2, type Http2Connection, isUsable, startHttp2 } from './http2.js';
import type { OnOpenRequest } from './open-request.js';
import { proxyAuthorization } from './proxy.js';
import { isForwarded, type Target, targetOf } from './target.js';

export interface ReceivedAnswer extends Answer {
  readonly opened: Opened;
  /** It arrived on a connection that was already open. */
  readonly reused: boolean;
  /** Why the request was sent a second time, if it was. */
  readonly askedAgain?: string;
}

interface Connection {
  readonly opened: Opened;
  readonly http2: Http2Connection | undefined;
}

/** A connection that waits for its next request. */
interface Idle {
  readonly connection: Connection;
  /** Stops watching for unexpected data. */
  readonly take: () => void;
}

/**
 * Open connections, at most one idle per target, because the steps of a journey follow one another.
 *
 * With the policy `fresh` they live for a run, with `reuse` for as long as the workflow does.
 */
export class Connections {
  readonly #idle = new Map<Target, Idle>();
  readonly #onOpenRequest: OnOpenRequest | undefined;
  #isClosed = false;

  /**
   * @param onOpenRequest takes over a request whose signal aborted after it was sent. Without it such a request is aborted, which
   *   the portal may not notice.
   */
  constructor(onOpenRequest?: OnOpenRequest) {
    this.#onOpenRequest = onOpenRequest;
  }

  /** @throws {StepFailure} `dns`, `connect`, `tls`, `protocol` or `size`; or the signal's reason. */
  async send(
    outgoing: Outgoing,
    portal: Portal,
    clock: PhaseClock,
    signal: Cancellation,
    onAddress: OnAddress = () => {},
  ): Promise<ReceivedAnswer> {
    const target = targetOf(outgoing.url, portal);
    try {
      const kept = this.#takeIdle(target);
      try {
        const received = await this.#ask(kept, outgoing, target, clock, signal, onAddress);
        // 408 means that the server was about to close an idle connection (RFC 9110, 15.5.9).
        if (kept === undefined || received.status !== 408 || !isRepeatable(outgoing)) return received;
        return await this.#again('status 408 on an idle connection', outgoing, target, clock, signal, onAddress);
      } catch (error) {
        // Like a browser, repeat it once on a new connection, but only if that cannot change data twice. The time
        // of the first attempt counts.
        if (signal.aborted || !(error instanceof ConnectionLost)) throw error;
        const closedWhileIdle = kept !== undefined && isRepeatable(outgoing);
        if (!closedWhileIdle && !(error instanceof NotProcessed)) throw blameProxy(error, false, target);
        return await this.#again(error.message, outgoing, target, clock, signal, onAddress);
      }
    } finally {
      clock.stop();
    }
  }

  /** Closes idle connections now, and those in use when their exchange has ended. */
  close(): void {
    this.#isClosed = true;
    for (const { connection } of this.#idle.values()) discard(connection);
    this.#idle.clear();
  }

  async #again(
    askedAgain: string,
    outgoing: Outgoing,
    target: Target,
    clock: PhaseClock,
    signal: Cancellation,
    onAddress: OnAddress,
  ): Promise<ReceivedAnswer> {
    return { ...(await this.#ask(undefined, outgoing, target, clock, signal, onAddress)), askedAgain };
  }

  async #ask(
    kept: Connection | undefined,
    outgoing: Outgoing,
    target: Target,
    clock: PhaseClock,
    signal: Cancellation,
    onAddress: OnAddress,
  ): Promise<ReceivedAnswer> {
    const connection = kept ?? (await connect(outgoing, target, clock, signal, onAddress));
    const { opened, http2 } = connection;
    let exchange: Promise<Answer> | undefined;
    let wasAnswered = false;
    const onHead = () => {
      wasAnswered = true;
    };
    try {
      const answer = await abortable<Answer>(signal, (done, fail) => {
        exchange =
          http2 === undefined
            ? exchangeHttp1(opened, forProxy(outgoing, target), target, clock, signal, onHead)
            : exchangeHttp2(http2, outgoing, clock, signal);
        exchange.then(done, fail);
      });
      refuseAnswerOfProxy(answer, target);
      if (answer.reusable) this.#keep(target, connection);
      else discard(connection);
      return { ...answer, opened, reused: kept !== undefined };
    } catch (error) {
      const isOpen = signal.aborted && error === signal.reason;
      if (isOpen && exchange !== undefined && this.#onOpenRequest !== undefined) {
        // Late events of it must not start the clock again.
        clock.end();
        this.#onOpenRequest({
          ended: exchange.then(ignore, ignore).then(() => discard(connection)),
          close: () => discard(connection),
        });
      } else discard(connection);
      // A request on a kept connection may be sent again before anyone is blamed.
      if (!isOpen && error instanceof ConnectionLost && kept !== undefined) throw error;
      throw blameProxy(error, wasAnswered, target);
    }
  }

  /** Two runs may use the same workflow's connections at once, and both return one. */
  #keep(target: Target, connection: Connection): void {
    if (this.#isClosed || this.#idle.has(target)) discard(connection);
    else this.#idle.set(target, { connection, take: refuseUnasked(connection) });
  }

  #takeIdle(target: Target): Connection | undefined {
    const idle = this.#idle.get(target);
    this.#idle.delete(target);
    if (idle === undefined) return undefined;
    idle.take();
    if (isAlive(idle.connection)) return idle.connection;
    discard(idle.connection);
    return undefined;
  }
}

async function connect(
  outgoing: Outgoing,
  target: Target,
  clock: PhaseClock,
  signal: Cancellation,
  onAddress: OnAddress,
): Promise<Connection> {
  const opened = await openConnection(target, clock, signal, onAddress);
  if (opened.protocol !== 'h2') return { opened, http2: undefined };
  return { opened, http2: startHttp2(opened.socket, outgoing.url.origin, target.network.maxHeaderBytes) };
}

/** Data that arrives before a request would be read as the answer to the next request. */
function refuseUnasked({ opened: { socket }, http2 }: Connection): () => void {
  if (http2 !== undefined) return () => {};
  const refuse = () => socket.destroy();
  socket.on('data', refuse);
  return () => {
    socket.off('data', refuse);
  };
}

function isAlive({ opened: { socket }, http2 }: Connection): boolean {
  return http2 === undefined ? socket.readable && socket.writable : isUsable(http2.session);
}

function discard({ opened, http2 }: Connection): void {
  http2?.session.destroy();
  opened.socket.destroy();
}

function forProxy(outgoing: Outgoing, target: Target): Outgoing {
  if (target.proxy === undefined || !isForwarded(target)) return outgoing;
  return { ...outgoing, headers: { ...outgoing.headers, ...proxyAuthorization(target.proxy) } };
}

function ignore(): void {}

function isRepeatable({ method, isRepeatable: isSaidSo }: Outgoing): boolean {
  return isSaidSo ?? (method === 'GET' || method === 'HEAD' || method === 'OPTIONS');
}
