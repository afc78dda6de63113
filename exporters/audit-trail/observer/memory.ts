import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { evidenceSources, evidenceStates, identityKinds, replayKinds } from '../../../pack/metrics/index.js';
import { describeError, type Logger } from '../../runtime/log.js';
import { CannotKeepState, reasonOf, type StateFolder } from '../../runtime/state/index.js';
import { watermarkSchema } from '../records/watermark.js';
import { epochKeySchema } from './epoch.js';
import { fingerprintsSchema } from './fingerprints.js';
import { amountsSchema, ledgerSchema } from './invariants.js';
import { suspicionSchema, tableStateSchema } from './state.js';
import { witnessMemorySchema } from './witness-memory.js';

/** What an observer must know after a restart, so that a fault while it was away is still seen. No row keys, no rows. */
const mismatchesSchema = z.record(z.enum(replayKinds), z.number());

const sweepSchema = z.object({
  unit: z.number(),
  phase: z.enum(['rows', 'keys']),
  cursor: z.array(z.string()).optional(),
  startedAt: z.number(),
  mismatches: mismatchesSchema,
  unbaselined: z.number(),
  compared: z.number(),
  /** Rows whose last record does not say what they were left as. */
  lackingImages: z.number().default(0),
  busyMs: z.number(),
  /** Findings of an application-written trail that are too young to be judged. */
  postponed: z.number(),
});

const tableMemorySchema = z.object({
  state: tableStateSchema.optional(),
  suspicion: suspicionSchema.optional(),
  explanation: z.object({ reason: z.string(), at: z.number() }).optional(),
  confirmed: z
    .object({ since: z.number(), counts: z.record(z.string(), z.number()), ids: z.array(z.string()), last: z.string() })
    .optional(),
  /** By relation oid. */
  filenodes: z.record(z.string(), z.string()),
  /** The relation that had each name: the table's own, and its leaves'. */
  relations: z.record(z.string(), z.string()).optional(),
  /** By oid of a relation that took the name of another while we watched: the transaction that made it. */
  made: z.record(z.string(), z.string()).optional(),
  isRecording: z.boolean().optional(),
  /** By column: transactions that changed its definition and with it the form of values; the catalogue knows the last. */
  redefined: z.record(z.string(), z.array(z.string())).optional(),
  hadSnapshot: z.boolean(),
  /** By relation oid: row versions from this transaction on were made under our eyes, in this storage. */
  watched: z.record(z.string(), z.object({ xid: z.string(), filenode: z.string() })),
  accepted: z
    .object({ xid: z.string(), at: z.number(), isSweepPending: z.boolean(), ids: z.array(z.string()) })
    .optional(),
  sweep: sweepSchema.optional(),
  swept: sweepSchema.extend({ endedAt: z.number(), isClean: z.boolean() }).optional(),
  /** First sightings, by finding. */
  postponed: z.record(z.string(), z.number()),
  /** Records that cannot be compared with the one before; until a baseline is declared, because they stay so. */
  lackingImages: z.number().default(0),
  epochRecords: z.number(),
  epochMissing: z.number(),
});
export type TableMemory = z.infer<typeof tableMemorySchema>;
export type Sweep = z.infer<typeof sweepSchema>;

const unreadableSchema = z.object({ time: z.number(), image: z.number() });

const memorySchema = z.object({
  version: z.literal(1),
  /** The trail as configured; another one has another memory. */
  trail: z.string(),
  epoch: z
    .object({
      key: epochKeySchema,
      startedAt: z.number(),
      xmax: z.string(),
      reason: z.string(),
      /** Records were read before it began: what was done to them since the last look, only reading them again shows. */
      hasOldRecords: z.boolean().optional(),
      /** Counters could not be seen for some of it, so they cannot vouch for the whole of it. */
      isUncounted: z.boolean().optional(),
    })
    .optional(),
  ledger: ledgerSchema.optional(),
  /** Residuals judged in earlier epochs, for as long as no ledger of a new one carries them. */
  judged: amountsSchema.optional(),
  uncalled: z.object({ truncates: z.number(), snapshots: z.number() }),
  fingerprints: fingerprintsSchema.optional(),
  reading: z
    .object({
      watermark: watermarkSchema.optional(),
      lastRead: z.object({ xid: z.string(), ord: z.string() }).optional(),
      /** When all records that were certain had been read, and up to which transaction. */
      caughtUpAt: z.number(),
      caughtUpTo: z.string(),
      everCaughtUp: z.boolean(),
    })
    .optional(),
  /** A record that must be there for as long as this is the same history, and the one that is to follow it. */
  landmark: z
    .object({
      xid: z.string().optional(),
      ord: z.string().optional(),
      candidate: z.object({ xid: z.string(), ord: z.string(), at: z.number() }),
    })
    .optional(),
  /** A second pass over the history, after old records may have been touched or a new epoch began. */
  recheck: z
    .object({
      watermark: watermarkSchema.optional(),
      startedAt: z.number(),
      endedAt: z.number().optional(),
      /** Found in it so far, by table. */
      lackingImages: z.record(z.string(), z.number()).default({}),
    })
    .optional(),
  /** Tables as records name them. */
  recordNames: z.array(z.string()),
  recordFilenodes: z.record(z.string(), z.string()),
  /** Ids were given out a second time, so histories cannot be put in order; until a baseline of everything is declared. */
  orderLost: z.object({ at: z.number() }).optional(),
  /** Breaks of identity by kind, until a baseline of everything is declared: a counter would forget them at a restart. */
  identityBreaks: z.partialRecord(z.enum(identityKinds), z.number()).optional(),
  identity: z.object({ highest: z.string().optional(), given: z.string().optional(), epoch: z.number() }).optional(),
  /** The pass over all records that shows whether they can be read, and what the one before it found. */
  readability: z
    .object({
      after: z.string().optional(),
      afterId: z.string().optional(),
      found: unreadableSchema,
      before: unreadableSchema,
      endedAt: z.number(),
    })
    .optional(),
  witness: witnessMemorySchema.optional(),
  firstToKeep: z.object({ ord: z.string(), at: z.number(), txid: z.string().optional() }).optional(),
  looks: z.array(z.object({ at: z.number(), clock: z.number(), xmax: z.string() })),
  applied: z.array(z.string()),
  /** As of the last look, for whoever asks from outside; an observer that begins believes none of it. */
  evidence: z
    .partialRecord(
      z.enum(evidenceSources),
      z.object({ state: z.enum(evidenceStates), reason: z.string(), remedies: z.array(z.string()) }),
    )
    .optional(),
  tables: z.record(z.string(), tableMemorySchema),
  /** Of tables whose names are gone, see `gone-tables.ts`. */
  gone: z.record(z.string(), tableMemorySchema).default({}),
});
export type Memory = z.infer<typeof memorySchema>;

export function newMemory(trail: string): Memory {
  return {
    version: 1,
    trail,
    uncalled: { truncates: 0, snapshots: 0 },
    recordNames: [],
    recordFilenodes: {},
    looks: [],
    applied: [],
    tables: {},
    gone: {},
  };
}

export function newTableMemory(): TableMemory {
  return {
    filenodes: {},
    hadSnapshot: false,
    watched: {},
    postponed: {},
    lackingImages: 0,
    epochRecords: 0,
    epochMissing: 0,
  };
}

export function newSweep(startedAt: number): Sweep {
  const mismatches = { missing_live: 0, missing_record: 0, resurrected: 0, different: 0 };
  const counts = { unbaselined: 0, compared: 0, lackingImages: 0, busyMs: 0, postponed: 0 };
  return { unit: 0, phase: 'rows', startedAt, mismatches, ...counts };
}

export interface MemoryStore {
  load(trail: string): Promise<Memory>;
  save(memory: Memory): Promise<void>;
}

/** One small file per trail, replaced as a whole. */
export class MemoryDirectory implements MemoryStore {
  readonly #folder: StateFolder;
  readonly #log: Logger;
  readonly #unread = new Set<string>();

  constructor(folder: StateFolder, log: Logger) {
    this.#folder = folder;
    this.#log = log;
  }

  /**
   * A file that cannot be understood, or is not ours to read, is put aside and said to be; the observer then begins anew,
   * knowing nothing.
   *
   * @throws {CannotKeepState} when this process cannot read at present: to begin anew would overwrite what was proven.
   */
  async load(trail: string): Promise<Memory> {
    const path = this.#path(trail);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (passing.has(code)) throw new CannotKeepState(`${path} cannot be read: ${reasonOf(error)}`, { cause: error });
      if (code !== 'ENOENT') {
        this.#log.error('the state cannot be read; all is unknown until proven again', { path, error });
        this.#unread.add(trail);
      }
      return newMemory(trail);
    }
    try {
      const memory = memorySchema.parse(JSON.parse(text));
      if (memory.trail === trail) return memory;
      throw new Error(`it is of trail ${memory.trail}`);
    } catch (error) {
      this.#log.error('the state cannot be understood; it is put aside, and all is unknown until proven again', {
        path,
        error: describeError(error).slice(0, 300),
      });
      await rename(path, `${path}.unreadable`).catch(() => undefined);
      return newMemory(trail);
    }
  }

  async save(memory: Memory): Promise<void> {
    const path = this.#path(memory.trail);
    // What could not be read may hold proofs: a person can still look at it. A command, which keeps nothing, leaves it.
    if (this.#unread.has(memory.trail)) await rename(path, `${path}.unreadable`).catch(() => undefined);
    this.#unread.delete(memory.trail);
    return this.#folder.save(memoryFile(memory.trail), JSON.stringify(memory));
  }

  #path(trail: string): string {
    return join(this.#folder.path, memoryFile(trail));
  }
}

/** What this process lacks for a while; it says nothing of the file. */
const passing: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EIO', 'ESTALE']);

export function memoryFile(trail: string): string {
  return `${trail}.observer.json`;
}

/** For one look, as the command line takes it: knows what was kept, keeps nothing. */
export function readOnly(store: MemoryStore): MemoryStore {
  return { load: (trail) => store.load(trail), save: () => Promise.resolve() };
}

export const noMemory: MemoryStore = {
  load: (trail) => Promise.resolve(newMemory(trail)),
  save: () => Promise.resolve(),
};
