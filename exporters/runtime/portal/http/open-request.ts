/**
 * A request whose deadline passed before its answer had ended. The portal may still process it; Kingston's portal then
 * uses a database connection for it.
 */
export interface OpenRequest {
  /**
   * Resolves when the answer has ended, when the server has closed, or after {@link OpenRequest.close}. Never rejects.
   */
  readonly ended: Promise<void>;
  /** Closes the connection. The portal may or may not stop its work. */
  close(): void;
}

/** The sender counts open requests, and closes them in the end. */
export type OnOpenRequest = (request: OpenRequest) => void;
