import type { Submittable } from 'pg';

/** The part of pg's connection that a submittable needs. */
interface QueryConnection {
  query(text: string): void;
}

/**
 * `COPY … TO STDOUT` through pg's own parser. PostgreSQL sends one row in one message, so a row is a view into the
 * socket's buffer: nothing is copied, and nothing waits, because whoever takes the row is done when it returns.
 * (pg-copy-streams makes a byte stream of it, in which the rows would have to be found again.)
 */
export class CopyOut implements Submittable {
  readonly #text: string;
  readonly #row: (line: Buffer) => void;
  readonly #settle: (error: Error | undefined) => void;
  #failure: Error | undefined;
  #isSettled = false;

  constructor(text: string, row: (line: Buffer) => void, settle: (error: Error | undefined) => void) {
    this.#text = text;
    this.#row = row;
    this.#settle = settle;
  }

  submit(connection: QueryConnection): void {
    connection.query(this.#text);
  }

  handleCopyData(message: { readonly chunk: Buffer }): void {
    if (this.#failure !== undefined) return;
    try {
      this.#row(message.chunk);
    } catch (error) {
      // The rest is read and passed over, so that the connection stays usable.
      this.#failure = error instanceof Error ? error : new Error(String(error));
    }
  }

  handleError(error: Error): void {
    this.#end(error);
  }

  handleReadyForQuery(): void {
    this.#end(this.#failure);
  }

  handleCommandComplete(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}

  #end(error: Error | undefined): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#settle(error);
  }
}
