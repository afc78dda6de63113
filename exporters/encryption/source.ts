import type { FieldEncryption } from '../../pack/encryption/model.js';
import type { Pack } from '../../pack/index.js';
import type { LandingSection } from '../runtime/landing/section.js';
import type { Logger, Redactor } from '../runtime/log.js';
import type { Family } from '../runtime/metrics/family.js';
import type { Shard } from '../runtime/shard.js';
import type { StateKeeper } from '../runtime/state/index.js';

/** Name of the exporter, and of its folder in the state directory. */
export const ENCRYPTION = 'encryption';

/**
 * One source of measurements of field encryption: the probe, the scanner, the portal's own records. The exporter treats
 * all of them the same, and each is responsible for its own metrics.
 */
export interface EncryptionSource {
  /** The collector is called `encryption-<name>`. */
  readonly name: string;
  /** Applies a configuration. If it rejects, the old one stays in use. */
  configure(encryption: readonly FieldEncryption[], pack: Pack): Promise<void>;
  start(): void;
  stop(): Promise<void>;
  /** The current metrics; called at each scrape, and must not wait for anything. */
  families(): Family[];
  sections(): LandingSection[];
  /** Why some results are not current; these are left out of its families, and a collector fails. */
  readonly problem?: string | undefined;
  /** Why something cannot be measured again until this process is restarted. */
  readonly broken?: string | undefined;
  /** Why it is not ready yet. */
  readonly notReady?: string | undefined;
}

export interface SourceDeps {
  readonly log: Logger;
  readonly redactor: Redactor;
  readonly shard: Shard;
  readonly state: StateKeeper;
}
