import type { IncomingHttpHeaders } from 'node:http';

/** One request on one connection, ready to be sent. */
export interface Outgoing {
  readonly method: string;
  readonly url: URL;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  readonly maxBodyBytes: number;
  /** Whether it is safe to send it twice, whatever its method is. Default: decided by the method. */
  readonly isRepeatable?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** As received, possibly still compressed. */
  readonly body: Buffer;
  /** Whether the connection can carry another request. */
  readonly reusable: boolean;
  /** Nothing but the end of its connection says where it ends. */
  readonly endsWithConnection?: true;
}

/** Collects a body up to a limit. */
export class BodyBuffer {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @returns false when the limit is passed. */
  add(chunk: Buffer): boolean {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    return this.#bytes <= this.#limit;
  }

  /** Data that is no longer needed is still received, but not kept. */
  drop(): void {
    this.#chunks.length = 0;
    this.#bytes = 0;
  }

  concat(): Buffer {
    const [first] = this.#chunks;
    return this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks, this.#bytes);
  }
}
