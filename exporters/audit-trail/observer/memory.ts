import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { evidenceSources, evidenceStates, identityKinds } from '../../../pack/audit-trail/metrics.js';
import { errorCode } from '../../runtime/error-code.js';
import { describeError, type Logger } from '../../runtime/log.js';
import { CannotKeepState, reasonOf, type StateFolder } from '../../runtime/state/index.js';
import type { DeepReadonly } from '../deep-readonly.js';
import { comparisonsCheck } from './checks/comparisons.js';
import { countersMemorySchema } from './checks/counters/invariants.js';
import { exposureCheck } from './checks/exposure/exposure.js';
import { replayMemorySchema } from './checks/full-scan/full-scan.js';
import { identityCheck } from './checks/identity.js';
import { readabilityCheck } from './checks/readability.js';
import { readingMemorySchema } from './checks/reading/memory.js';
import { retentionCheck } from './checks/retention.js';
import { storageMemorySchema } from './checks/storage.js';
import { triggersMemorySchema } from './checks/triggers.js';
import { witnessMemorySchema } from './checks/witness/witness.js';
import { upgraded } from './earlier-memory.js';
import { tableMemorySchema } from './tables/memory.js';
import { epochKeySchema } from './verdict/epoch.js';
import { findingKinds } from './verdict/findings.js';
import { lookSchema } from './verdict/looks.js';

/**
 * What an observer must know after a restart, so that it notices a fault that happened meanwhile. It holds no row keys and no
 * rows. Each check has its own schema.
 */
const checksSchema = z.object({
  triggers: triggersMemorySchema.prefault({}),
  storage: storageMemorySchema.prefault({}),
  counters: countersMemorySchema.prefault({}),
  reading: readingMemorySchema.prefault({}),
  replay: replayMemorySchema.prefault({}),
  witness: witnessMemorySchema.prefault({}),
  identity: identityCheck.memory.prefault({}),
  retention: retentionCheck.memory.prefault({}),
  readability: readabilityCheck.memory.prefault({}),
  exposure: exposureCheck.memory.prefault({}),
  comparisons: comparisonsCheck.memory.prefault({}),
});
export type CheckMemories = DeepReadonly<z.infer<typeof checksSchema>>;

/** What a state is about, whatever the trail is called. */
const subjectSchema = z.object({
  /** Of the server; undefined where the role may not read it. */
  system: z.string().optional(),
  database: z.string(),
  /** That holds the records. */
  table: z.string(),
});
export type Subject = DeepReadonly<z.infer<typeof subjectSchema>>;

const memorySchema = z.object({
  version: z.literal(2),
  /** The trail as configured; another one has another memory. */
  trail: z.string(),
  subject: subjectSchema.optional(),
  epoch: z
    .object({
      key: epochKeySchema,
      startedAt: z.number(),
      xmax: z.string(),
      reason: z.string(),
      /** Records were read before it began. Only reading them again shows what happened to them since the last poll. */
      hasOldRecords: z.boolean().optional(),
      /** Counters could not be seen for a part of the epoch, so they prove nothing about the whole of it. */
      isUncounted: z.boolean().optional(),
    })
    .optional(),
  /** Ids were given out a second time, so histories cannot be put in order; until a baseline of everything is declared. */
  orderLost: z.object({ at: z.number() }).optional(),
  /** Breaks of identity by kind, until a baseline of everything is declared: a counter would forget them at a restart. */
  identityBreaks: z.partialRecord(z.enum(identityKinds), z.number()).optional(),
  looks: z.array(lookSchema),
  applied: z.array(z.string()),
  /** Confirmed faults that were not set off against a mismatch of counters yet. */
  unmatched: z.array(z.object({ kind: z.enum(findingKinds), n: z.number(), at: z.number() })).default([]),
  /** As of the last poll, for commands. A starting observer does not use it. */
  evidence: z
    .partialRecord(
      z.enum(evidenceSources),
      z.object({ state: z.enum(evidenceStates), reason: z.string(), remedies: z.array(z.string()) }),
    )
    .optional(),
  checks: checksSchema,
  tables: z.record(z.string(), tableMemorySchema),
  /** Of tables whose names are gone, see `tables/gone.ts`. */
  gone: z.record(z.string(), tableMemorySchema).default({}),
});
export type Memory = DeepReadonly<z.infer<typeof memorySchema>>;

export function newMemory(trail: string): Memory {
  return {
    version: 2,
    trail,
    looks: [],
    applied: [],
    unmatched: [],
    checks: checksSchema.parse({}),
    tables: {},
    gone: {},
  };
}

export interface MemoryStore {
  load(trail: string): Promise<Memory>;
  save(memory: Memory): Promise<void>;
  /**
   * The state that another name had, of a trail about the same records that is not described any more. It goes over to this
   * trail, with what was declared.
   */
  adopt?(trail: string, subject: Subject): Promise<{ readonly memory: Memory; readonly from: string } | undefined>;
}

/** @throws when it is not the state of a trail. */
export function parseMemory(text: string): Memory {
  return memorySchema.parse(upgraded(JSON.parse(text)));
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
   * Puts a file that cannot be parsed or read aside and logs it. The observer then begins with an empty memory.
   *
   * @throws {CannotKeepState} when this process cannot read at present: to begin anew would overwrite what was proven.
   */
  async load(trail: string): Promise<Memory> {
    const path = this.#path(trail);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      const code = errorCode(error) ?? '';
      if (passing.has(code)) throw new CannotKeepState(`${path} cannot be read: ${reasonOf(error)}`, { cause: error });
      if (code !== 'ENOENT') {
        this.#log.error('the state cannot be read; all is unknown until proven again', { path, error });
        this.#unread.add(trail);
      }
      return newMemory(trail);
    }
    try {
      const memory = parseMemory(text);
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
    // What could not be read may hold proofs, so it is put aside for a person. A command, which keeps nothing, leaves it.
    if (this.#unread.has(memory.trail)) await rename(path, `${path}.unreadable`).catch(() => undefined);
    this.#unread.delete(memory.trail);
    return this.#folder.save(memoryFile(memory.trail), JSON.stringify(memory));
  }

  #path(trail: string): string {
    return join(this.#folder.path, memoryFile(trail));
  }
}

/** This process is short of something for a while; that says nothing of the file. */
const passing: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EIO', 'ESTALE']);

const FILE_END = '.observer.json';

export function memoryFile(trail: string): string {
  return `${trail}${FILE_END}`;
}

/** Undefined for other files. */
export function trailOfFile(name: string): string | undefined {
  return name.endsWith(FILE_END) ? name.slice(0, -FILE_END.length) : undefined;
}

/** For one poll by a command: knows what was kept, keeps nothing. */
export function readOnly(store: MemoryStore): MemoryStore {
  return { load: (trail) => store.load(trail), save: () => Promise.resolve() };
}
