import type { Undo } from '../faults/environment/environment.js';
import { type FieldFaultParts, reuseNonce, swapRows, writePlaintext } from './faults.js';
import { EncryptedFields } from './fields.js';
import { fillEncryptedFields, isHealthy } from './fill.js';
import { KeyService } from './key-service.js';
import { Patrol } from './patrol.js';
import { withQuery } from './query.js';
import { Rotation } from './rotation.js';
import { FIELD_KEY } from './schema.js';

/** The encrypted fields of the stand-in portal: tables, keys, jobs, and what can go wrong with them. */
export class PortalEncryption {
  readonly keys = new KeyService();
  readonly #databaseUrl: string;
  readonly #fields = new EncryptedFields(this.keys);
  readonly #rotation = new Rotation(this.keys, this.#fields);
  readonly #patrol: Patrol;
  #rotating: Promise<string> | undefined;

  constructor(databaseUrl: string) {
    this.#databaseUrl = databaseUrl;
    this.#patrol = new Patrol(databaseUrl, this.#fields);
  }

  /** Makes the tables where they are missing or were left broken, and goes on with a rotation that was interrupted. */
  async prepare(): Promise<void> {
    await withQuery(this.#databaseUrl, async (query) => {
      if (!(await isHealthy(query, this.#fields))) await fillEncryptedFields(query, this.keys, this.#fields);
      if (await this.#rotation.isUnfinished(query)) await this.#rotation.run(query);
    });
  }

  start(): void {
    this.#patrol.start();
  }

  async stop(): Promise<void> {
    await this.#patrol.stop();
    await this.#rotating?.catch(() => undefined);
  }

  /** One rotation at a time; who asks meanwhile gets the one under way. */
  rotate(): Promise<string> {
    this.#rotating ??= withQuery(this.#databaseUrl, (query) => this.#rotation.run(query)).finally(() => {
      this.#rotating = undefined;
    });
    return this.#rotating;
  }

  writePlaintext(rows: number): Promise<Undo> {
    return writePlaintext(this.#faultParts, rows);
  }

  reuseNonce(): Promise<Undo> {
    return reuseNonce(this.#faultParts);
  }

  async swapRows(): Promise<Undo> {
    const undo = await swapRows(this.#faultParts);
    await this.#patrolNow();
    return async () => {
      await undo();
      await this.#patrolNow();
    };
  }

  /** @param ageDays of the last rotation that was completed: with enough of them, the next one is overdue. */
  async stallRotation(ageDays: number): Promise<Undo> {
    this.#rotation.stall(true);
    await this.rotate();
    const restoreDates = ageDays > 0 ? await this.#backdate(ageDays) : undefined;
    return async () => {
      this.#rotation.stall(false);
      await restoreDates?.();
      await this.rotate();
    };
  }

  /** As if no rotation had been completed since. */
  async #backdate(ageDays: number): Promise<Undo> {
    const changed = await withQuery(this.#databaseUrl, (query) =>
      query<{ id: string; at: string }>(
        `with later as (
           select id, rotation_date as at from phase_2.encryption_key_rotation_log
           where field_path = $1 and status = 'completed' and rotation_date > now() - make_interval(days => $2))
         update phase_2.encryption_key_rotation_log r set rotation_date = now() - make_interval(days => $2)
         from later where r.id = later.id returning r.id::text, later.at::text as at`,
        [FIELD_KEY, ageDays],
      ),
    );
    return () =>
      withQuery(this.#databaseUrl, async (query) => {
        for (const { id, at } of changed) {
          await query('update phase_2.encryption_key_rotation_log set rotation_date = $2::timestamptz where id = $1', [
            id,
            at,
          ]);
        }
      });
  }

  async slowKeyService(delayMs: number): Promise<Undo> {
    this.keys.slowDown(delayMs);
    return async () => this.keys.slowDown(0);
  }

  async loseKeyService(): Promise<Undo> {
    this.keys.goAway(true);
    return async () => this.keys.goAway(false);
  }

  get #faultParts(): FieldFaultParts {
    return {
      keys: this.keys,
      fields: this.#fields,
      withQuery: (work) => withQuery(this.#databaseUrl, work),
    };
  }

  /** The rows that a fault touches are among the first, so that a demo need not wait for the patrol to come by. */
  async #patrolNow(): Promise<void> {
    await withQuery(this.#databaseUrl, (query) => this.#patrol.goRound(query, 150)).catch(() => undefined);
  }
}
