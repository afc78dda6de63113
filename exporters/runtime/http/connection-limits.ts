import { isIPv4, type Socket } from 'node:net';
import type { Logger } from '../log.js';

export interface ConnectionBounds {
  readonly total: number;
  /** For one IPv4 address, or one /64 network of IPv6, because one machine gets a /64. */
  readonly perAddress: number;
}

const defaultBounds: ConnectionBounds = { total: 512, perAddress: 256 };
const LOG_EVERY_MS = 60_000;
/** How long a connection without a place has to send its request and to receive the reason for its refusal. */
const TELLING_MS = 5000;

export type Refusal = 'address' | 'total' | 'pipelining';

interface Connection {
  readonly socket: Socket;
  readonly address: string;
  /** Whether it uses plain HTTP, where refusing a request costs almost nothing. */
  readonly isPlain: boolean;
  hasAsked: boolean;
  requests: number;
  idleSince: number;
}

/**
 * Limits the connections of a process. If there is no place for a new one, it closes the connection that was idle for
 * longest, of the address with the most connections. So a client that keeps connections open, with or without a
 * password, can neither block other clients nor end requests in progress.
 *
 * A connection that is refused before its first request was read gets an answer if possible. Closing it would abort
 * that request without a reason for the client.
 */
export class ConnectionLimits {
  readonly #bounds: ConnectionBounds;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #connections = new Map<string, Connection>();
  readonly #perAddress = new Map<string, Set<Connection>>();
  readonly #refused: Record<Refusal, number> = { address: 0, total: 0, pipelining: 0 };
  readonly #turnedAway = new Set<string>();
  #evicted = 0;
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(log: Logger, bounds: ConnectionBounds = defaultBounds, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#bounds = bounds;
    this.#now = now;
  }

  get open(): number {
    return this.#connections.size;
  }

  get bounds(): ConnectionBounds {
    return this.#bounds;
  }

  /** Connections that were refused because no idle one could be closed. */
  get refused(): Readonly<Record<Refusal, number>> {
    return this.#refused;
  }

  /** Idle connections that were closed to make room. */
  get evicted(): number {
    return this.#evicted;
  }

  /**
   * @param isPlain the connection uses HTTP without TLS.
   * @returns false when it was refused and closed.
   */
  admit(socket: Socket, isPlain = false): boolean {
    const address = networkOf(socket.remoteAddress ?? '');
    const own = this.#perAddress.get(address) ?? new Set();
    if (own.size >= this.#bounds.perAddress && !this.#evictFrom(own)) return this.#refuse(socket, 'address', isPlain);
    if (this.#connections.size >= this.#bounds.total && !this.#evictAny())
      return this.#refuse(socket, 'total', isPlain);
    const connection = { socket, address, isPlain, hasAsked: false, requests: 0, idleSince: this.#now() };
    const key = keyOf(socket);
    this.#connections.set(key, connection);
    this.#perAddress.set(address, own.add(connection));
    socket.once('close', () => this.#forget(key, connection));
    return true;
  }

  /** Whether its request must be refused, because there was no place for it. */
  isTurnedAway(socket: Socket): boolean {
    return this.#turnedAway.has(keyOf(socket));
  }

  /**
   * One connection may not ask for the next answer before it has the last: a few hundred bytes would otherwise order
   * hundreds of pages. Prometheus, browsers and proxies do not do it.
   *
   * @returns a function to call when the answer has ended; undefined where the connection was closed.
   */
  beginRequest(socket: Socket): (() => void) | undefined {
    const connection = this.#connections.get(keyOf(socket));
    if (connection === undefined) return () => {};
    if (connection.requests > 0) {
      this.#refused.pipelining += 1;
      this.#note('connections are closed: they send requests before they have the answer', connection.address);
      socket.destroy();
      return undefined;
    }
    connection.requests += 1;
    connection.hasAsked = true;
    return () => {
      connection.requests -= 1;
      connection.idleSince = this.#now();
    };
  }

  #evictAny(): boolean {
    const byCount = [...this.#perAddress.values()].sort((a, b) => b.size - a.size);
    return byCount.some((connections) => this.#evictFrom(connections));
  }

  #evictFrom(connections: ReadonlySet<Connection>): boolean {
    let longest: Connection | undefined;
    for (const connection of connections) {
      if (connection.requests === 0 && connection.idleSince < (longest?.idleSince ?? Number.POSITIVE_INFINITY)) {
        longest = connection;
      }
    }
    if (longest === undefined) return false;
    this.#evicted += 1;
    this.#forget(keyOf(longest.socket), longest);
    this.#turnAway(longest.socket, longest.isPlain && !longest.hasAsked);
    this.#note('idle connections are ended to make room for new ones', longest.address);
    return true;
  }

  #refuse(socket: Socket, reason: Refusal, isPlain: boolean): boolean {
    this.#refused[reason] += 1;
    this.#note('connections are refused: too many have a request under way', networkOf(socket.remoteAddress ?? ''));
    return this.#turnAway(socket, isPlain);
  }

  /**
   * @returns whether it stays open until it gets the refusal. The number of these is limited to the number of places.
   */
  #turnAway(socket: Socket, canBeTold: boolean): boolean {
    if (!canBeTold || this.#turnedAway.size >= this.#bounds.total) {
      socket.destroy();
      return false;
    }
    const key = keyOf(socket);
    this.#turnedAway.add(key);
    const patience = setTimeout(() => socket.destroy(), TELLING_MS);
    patience.unref();
    socket.once('close', () => {
      clearTimeout(patience);
      this.#turnedAway.delete(key);
    });
    return true;
  }

  #forget(key: string, connection: Connection): void {
    if (this.#connections.get(key) === connection) this.#connections.delete(key);
    const own = this.#perAddress.get(connection.address);
    own?.delete(connection);
    if (own?.size === 0) this.#perAddress.delete(connection.address);
  }

  /** Many connections must not fill the log. */
  #note(message: string, client: string): void {
    if (this.#now() - this.#loggedAt < LOG_EVERY_MS) return;
    this.#loggedAt = this.#now();
    const { address, total, pipelining } = this.#refused;
    this.#log.warn(message, { client, ended: this.#evicted, refused: address + total + pipelining });
  }
}

/** The same for a socket and for the TLS socket that uses it. */
function keyOf(socket: Socket): string {
  return `${socket.localPort} ${socket.remoteAddress} ${socket.remotePort}`;
}

function networkOf(address: string): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined || isIPv4(address)) return mapped ?? address;
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const groups = head.split(':').filter((group) => group !== '');
  const rest = tail?.split(':').filter((group) => group !== '') ?? [];
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - rest.length) }, () => '0');
  return `${[...groups, ...(tail === undefined ? [] : zeros), ...rest].slice(0, 4).join(':')}::/64`;
}
