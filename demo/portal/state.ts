import type { Tokens } from './auth/jwt.js';
import type { PortalPool } from './database/pool.js';
import type { PortalEncryption } from './encryption/portal-encryption.js';
import type { Slots } from './slots.js';

export interface NamedRoute {
  readonly method: string;
  readonly path: string;
}

/** What lives as long as the portal's process. */
export interface DemoPortalState {
  readonly pool: PortalPool;
  readonly tokens: Tokens;
  readonly companyIrr: CompanyIrrCache;
  /** Heavy queries share the database machine's cores. */
  readonly heavyWork: Slots;
  /** Those it serves, as they are named in its style. */
  readonly routes: readonly NamedRoute[];
  readonly encryption: PortalEncryption;
}

/** The in-process cache of the company IRR: 24 hours, lost on restart, and costly to fill. */
export class CompanyIrrCache {
  static readonly lifetimeSeconds = 86_400;
  #entry: { readonly value: number; readonly takenAt: number } | undefined;

  get entry(): { readonly value: number; readonly takenAt: number } | undefined {
    return this.#entry;
  }

  get isFresh(): boolean {
    return this.#entry !== undefined && Date.now() / 1_000 - this.#entry.takenAt < CompanyIrrCache.lifetimeSeconds;
  }

  fill(value: number): void {
    this.#entry = { value, takenAt: Date.now() / 1_000 };
  }

  empty(): void {
    this.#entry = undefined;
  }
}
