import type { OnOpenRequest } from '../http/open-request.js';

/**
 * The room at a portal for a login, which no single run owns: it counts as a request in flight, and one that hangs stays
 * open like any other.
 */
export interface LoginRoom {
  /** @returns what to call at the end, or undefined while earlier logins that are still unanswered forbid another one. */
  enter(): (() => void) | undefined;
  readonly onOpenRequest: OnOpenRequest;
  succeeded(): void;
}
