import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../runtime/error-code.js';
import { type Memory, memoryFile, parseMemory, type Subject, trailOfFile } from './memory.js';
import { readDeclarations } from './verdict/declarations.js';
import { judgedSoFar } from './verdict/judged.js';

/** The kept state of a trail that the description does not name: it was renamed or removed. */
export interface OrphanedState {
  readonly trail: string;
  readonly path: string;
  readonly subject: Subject | undefined;
  /** Milliseconds; of the last poll. */
  readonly watchedUntil: number | undefined;
  /** What was proven to be wrong, or is not accounted for, and that nobody declared since. */
  readonly faults: number;
}

/** Every state in the folder that belongs to no trail of the description. */
export async function orphanedStates(
  folder: string,
  described: ReadonlySet<string>,
): Promise<readonly OrphanedState[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  });
  const trails = names.flatMap((name) => trailOfFile(name) ?? []).filter((trail) => !described.has(trail));
  return await Promise.all(trails.map((trail) => orphanOf(folder, trail)));
}

/** Those that must not be forgotten: what they hold is an error until a person declares it. */
export function withFaults(orphans: readonly OrphanedState[]): readonly OrphanedState[] {
  return orphans.filter(({ faults }) => faults > 0);
}

/** They were renamed where one of them is about the same records; the one that was watched last goes on. */
export function sameSubject(orphans: readonly OrphanedState[], subject: Subject): OrphanedState | undefined {
  return orphans
    .filter((orphan) => isSame(orphan.subject, subject))
    .toSorted((a, b) => (b.watchedUntil ?? 0) - (a.watchedUntil ?? 0))[0];
}

/** Databases of the same name are told apart by their server only, so without it nothing is taken for the same. */
function isSame(a: Subject | undefined, b: Subject): boolean {
  return a?.system !== undefined && a.system === b.system && a.database === b.database && a.table === b.table;
}

async function orphanOf(folder: string, trail: string): Promise<OrphanedState> {
  const path = join(folder, memoryFile(trail));
  try {
    const memory = parseMemory(await readFile(path, 'utf8'));
    const watchedUntil = memory.looks.at(-1)?.at;
    const isDeclared = (await readDeclarations(folder, trail)).some(
      ({ kind, tables, at }) => kind === 'baseline' && tables === undefined && Date.parse(at) >= (watchedUntil ?? 0),
    );
    return { trail, path, subject: memory.subject, watchedUntil, faults: isDeclared ? 0 : faultsIn(memory) };
  } catch {
    // What cannot be understood may hold proofs.
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: undefined }));
    return { trail, path, subject: undefined, watchedUntil: mtimeMs, faults: 1 };
  }
}

function faultsIn({ tables, gone, checks, identityBreaks = {}, orderLost }: Memory): number {
  const confirmed = [...Object.values(tables), ...Object.values(gone)].flatMap((own) =>
    Object.values(own.confirmed?.counts ?? {}),
  );
  const { records_mutated = 0, records_sequence = 0 } = judgedSoFar(checks.counters);
  const open = (checks.counters.unaccounted ?? []).map(({ amount }) => Math.abs(amount));
  const ofIds = [...Object.values(identityBreaks), orderLost === undefined ? 0 : 1];
  const counts = [...confirmed, ...open, ...ofIds, Math.abs(records_mutated), Math.abs(records_sequence)];
  return counts.reduce((sum, n) => sum + n, 0);
}
