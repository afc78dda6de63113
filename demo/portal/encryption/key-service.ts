import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { openEnvelope, sealEnvelope, sealedSchema } from './envelope.js';
import type { DemoQuery } from './query.js';

export class KeyServiceUnavailable extends Error {
  override readonly name = 'KeyServiceUnavailable';
}

/** The version does not exist, or was removed. */
export class UnknownKey extends Error {
  override readonly name = 'UnknownKey';
}

const KEY_BYTES = 32;

/**
 * Stands for the key service that guards the master key: data keys lie wrapped in the database and are unwrapped here,
 * one call each, then kept. The master key of a demo is no secret.
 */
export class KeyService {
  readonly #master = createSecretKey(
    Buffer.from(hkdfSync('sha256', 'kingston demo', '', 'master key, guards nothing real', KEY_BYTES)),
  );
  readonly #unwrapped = new Map<string, KeyObject>();
  #delayMs = 0;
  #isAway = false;

  /** Every call takes this long; kept keys do not help, as when a cache is too small. */
  slowDown(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  goAway(isAway: boolean): void {
    this.#isAway = isAway;
  }

  async dataKey(query: DemoQuery, name: string, version: string): Promise<KeyObject> {
    await this.#call();
    const id = `${name}|${version}`;
    const kept = this.#unwrapped.get(id);
    if (kept !== undefined) return kept;
    const [row] = await query<{ wrapped: Buffer }>(
      'select wrapped from phase_2.encryption_keys where key_name = $1 and version = $2',
      [name, version],
    );
    if (row === undefined) throw new UnknownKey(`key ${name} has no version ${version}`);
    const wrapped = sealedSchema.parse(JSON.parse(row.wrapped.toString('utf8')));
    const key = createSecretKey(openEnvelope(this.#master, id, wrapped));
    this.#unwrapped.set(id, key);
    return key;
  }

  async newest(query: DemoQuery, name: string): Promise<string> {
    const [row] = await query<{ version: string }>(
      `select version from phase_2.encryption_keys where key_name = $1
       order by substr(version, 2)::int desc limit 1`,
      [name],
    );
    if (row === undefined) throw new UnknownKey(`there is no key ${name}`);
    return row.version;
  }

  async makeVersion(query: DemoQuery, name: string, version: string): Promise<void> {
    await this.#call();
    const wrapped = sealEnvelope(this.#master, 'v1', `${name}|${version}`, randomBytes(KEY_BYTES));
    await query('insert into phase_2.encryption_keys (key_name, version, wrapped) values ($1, $2, $3)', [
      name,
      version,
      Buffer.from(JSON.stringify(wrapped)),
    ]);
  }

  /** A database that was created again has other keys with the same names. */
  forget(): void {
    this.#unwrapped.clear();
  }

  async #call(): Promise<void> {
    if (this.#delayMs > 0) await sleep(this.#delayMs, undefined, { ref: false });
    if (this.#isAway) throw new KeyServiceUnavailable('the key service does not answer');
  }
}
