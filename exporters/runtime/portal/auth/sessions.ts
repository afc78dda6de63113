import type { Portal } from '../../../../pack/index.js';
import type { Cancellation } from '../../measuring/cancellation.js';
import type { Redactor } from '../../redactor.js';
import type { LoginRoom } from './login-room.js';
import { LoginSession } from './session.js';

/** The sessions of a portal's users: one per user, for all workflows of that user. */
export class Sessions {
  readonly #byIdentity = new Map<string | undefined, LoginSession>();
  readonly #open: (identity: string | undefined) => LoginSession;

  constructor(portal: Portal, redactor: Redactor, stopping: Cancellation, room?: LoginRoom) {
    this.#open = (identity) => new LoginSession(portal, redactor, stopping, { identity, room });
  }

  /** @param identity undefined: the portal's `auth`. */
  of(identity: string | undefined): LoginSession {
    let session = this.#byIdentity.get(identity);
    if (session === undefined) {
      session = this.#open(identity);
      this.#byIdentity.set(identity, session);
    }
    return session;
  }

  /** Logs out the sessions for which this is configured. */
  async close(): Promise<void> {
    await Promise.all([...this.#byIdentity.values()].map((session) => session.close()));
  }
}
