import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errorCode } from '../../runtime/error-code.js';
import { type StateFolder, writeWhole } from '../../runtime/state/index.js';
import { findingSchema } from './findings.js';
import { inStateFolder } from './state-folder.js';
import { tallySchema } from './tally.js';

const progressSchema = z.object({
  id: z.string().regex(/^[0-9a-f]{16}$/),
  startedAtMs: z.number(),
  /** Primary key of the last judged row. */
  position: z.string().optional(),
  spoolBytes: z.int().nonnegative(),
  tally: tallySchema,
  findings: z.array(findingSchema).default([]),
});
export type SavedScan = z.infer<typeof progressSchema>;

const wholeSchema = z.object({
  startedAtMs: z.number(),
  endedAtMs: z.number(),
  tally: tallySchema,
  /** Positions for commands; they are never labels. */
  findings: z.array(findingSchema).default([]),
  /** Rows whose ciphertext is identical to that of another row. */
  copies: z.int().nonnegative(),
  /** Hashes of reused nonces, and how many rows share each. */
  reuse: z.array(z.object({ print: z.string(), rows: z.int() })),
});
/** The last scan that reached the end of the table. */
export type WholeScan = z.infer<typeof wholeSchema>;

const stateSchema = z.object({
  format: z.literal(1),
  column: z.string(),
  /** Seed of the hashes; stored, so that a nonce has the same hash again. */
  seed: z.string().regex(/^-?\d{1,19}$/),
  progress: progressSchema.optional(),
  whole: wholeSchema.optional(),
});
export type ScanState = z.infer<typeof stateSchema>;

const envelopeSchema = z.object({ sha256: z.string(), state: z.unknown() });

export interface Loaded {
  readonly state: ScanState;
  /** Why existing progress could not be used. */
  readonly problem?: string;
}

/** Progress of one column in a folder. It contains counts, hashes and a position, but never a value. */
export class StateStore {
  readonly #folder: StateFolder;
  readonly #name: string;
  readonly #digest: string;

  /**
   * @param name of the column, for the file's name.
   * @param digest of its description: progress with another digest is not used.
   */
  constructor(folder: StateFolder, name: string, digest: string) {
    this.#folder = folder;
    const readable = name.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 100);
    this.#name = `${readable}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
    this.#digest = digest;
  }

  async load(): Promise<Loaded> {
    let written: string;
    try {
      written = await readFile(this.#path, 'utf8');
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return { state: this.#fresh() };
      return { state: this.#fresh(), problem: 'the progress of the last scan cannot be read; starting again' };
    }
    const state = parse(written);
    if (state === undefined) {
      return { state: this.#fresh(), problem: 'the progress of the last scan is corrupted; starting again' };
    }
    if (state.column !== this.#digest) {
      return { state: this.#fresh(), problem: 'the column is described or judged differently now; starting again' };
    }
    return { state };
  }

  /**
   * Replaces the file atomically: if the process is killed, the previous state stays.
   *
   * @throws {ScanFailure} `state`
   */
  save(state: ScanState): Promise<void> {
    const sha256 = digest(JSON.stringify(state));
    return inStateFolder(this.#folder, this.#file, () =>
      writeWhole(this.#folder.path, this.#file, JSON.stringify({ sha256, state })),
    );
  }

  get folder(): StateFolder {
    return this.#folder;
  }

  /** Where the hashes of a scan are. @throws {ScanFailure} `state` */
  async spoolPath(id: string): Promise<string> {
    await inStateFolder(this.#folder, this.#file, () => mkdir(this.#folder.path, { recursive: true, mode: 0o700 }));
    return join(this.#folder.path, `${this.#name}.${id}.hashes`);
  }

  /** Removes the hashes of scans that will not be continued. */
  async removeOtherSpools(id: string | undefined): Promise<void> {
    const names = await readdir(this.#folder.path).catch(() => []);
    for (const name of names) {
      if (name.startsWith(`${this.#name}.`) && name.endsWith('.hashes') && name !== `${this.#name}.${id}.hashes`) {
        await inStateFolder(this.#folder, this.#file, () => rm(join(this.#folder.path, name), { force: true }));
      }
    }
  }

  get #path(): string {
    return join(this.#folder.path, this.#file);
  }

  get #file(): string {
    return `${this.#name}.json`;
  }

  #fresh(): ScanState {
    return { format: 1, column: this.#digest, seed: randomBytes(8).readBigInt64BE(0).toString() };
  }
}

function parse(written: string): ScanState | undefined {
  try {
    const envelope = envelopeSchema.parse(JSON.parse(written));
    const state = stateSchema.parse(envelope.state);
    return digest(JSON.stringify(envelope.state)) === envelope.sha256 ? state : undefined;
  } catch {
    return undefined;
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
