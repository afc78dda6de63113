import type { OnOpenRequest } from '../http/open-request.js';

/**
 * The place at a portal for a login, which belongs to no single run: it counts as a request in progress, and a login
 * that hangs stays open like any other request.
 */
export interface LoginRoom {
  /** @returns a function to call at the end; undefined while earlier unanswered logins forbid another one. */
  enter(): (() => void) | undefined;
  readonly onOpenRequest: OnOpenRequest;
  succeeded(): void;
}
