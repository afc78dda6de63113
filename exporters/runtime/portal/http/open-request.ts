/**
 * A request whose deadline passed before its answer had ended. The portal may still be at work on it, and Kingston's
 * then holds a database connection for it.
 */
export interface OpenRequest {
  /** Resolves when the answer has ended, when the server has closed, or after {@link OpenRequest.close}. Never rejects. */
  readonly ended: Promise<void>;
  /** Breaks the connection. Whether the portal stops its work then is its own affair. */
  close(): void;
}

/** Who asked keeps count of what is open, and closes it in the end. */
export type OnOpenRequest = (request: OpenRequest) => void;
