import type { RequestListener } from 'node:http';
import type { Express } from 'express';
import type { ConnectionLimits } from './http/connection-limits.js';
import { formatListenAddress, type ListenAddress, urlOf } from './http/listen-address.js';
import { Listener } from './http/listener.js';
import { messagesOf } from './http/messages.js';
import type { Logger } from './log.js';
import type { WebConfigSource } from './web/watched-config.js';

export interface ServerOptions {
  readonly addresses: readonly ListenAddress[];
  readonly app: Express;
  readonly web: WebConfigSource;
  readonly limits: ConnectionLimits;
  readonly log: Logger;
}

/** All addresses of a process; it listens on all of them or on none. */
export class Server {
  readonly #options: ServerOptions;
  readonly #listeners: Listener[] = [];
  #isDraining = false;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  /** The addresses in use, with the ports that the system chose for port 0. @throws {CannotListen} */
  async listen(): Promise<readonly ListenAddress[]> {
    const { addresses, app, web, limits, log } = this.#options;
    const messages = messagesOf(app);
    const bound: ListenAddress[] = [];
    try {
      for (const address of addresses) {
        const listener = new Listener(address, { handler: this.#handle, messages, web, limits, log });
        bound.push(await listener.listen());
        this.#listeners.push(listener);
      }
    } catch (error) {
      await this.close(0);
      throw error;
    }
    for (const address of bound) {
      const tls = web.current().tls !== undefined;
      log.info('listening', { address: formatListenAddress(address), tls, url: urlOf(address, tls) });
    }
    return bound;
  }

  async close(graceMs: number): Promise<void> {
    this.#isDraining = true;
    await Promise.all(this.#listeners.splice(0).map((listener) => listener.close(graceMs)));
  }

  readonly #handle: RequestListener = (request, response) => {
    // Otherwise a busy connection would be kept alive and delay the drain.
    if (this.#isDraining) response.setHeader('Connection', 'close');
    this.#options.app(request, response);
  };
}
