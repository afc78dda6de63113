import type { AuditTrail } from '../../../pack/audit-trail/model.js';
import { type Logger, type Redactor, silentLogger } from '../../runtime/log.js';
import { ProvenReplica } from '../../runtime/postgres/proven-replica.js';
import { looseFolder } from '../../runtime/state/index.js';
import { type ComparisonResult, runComparison } from '../comparisons/run.js';
import { openDatabase } from '../database/open.js';
import { MemoryDirectory } from '../observer/memory.js';
import { type OrphanedState, orphanedStates, withFaults } from '../observer/orphans.js';
import { objections } from './objections.js';
import { type SealView, sealView } from './seal-view.js';
import { status, type TrailStatus } from './status.js';

export interface ComparisonReport {
  readonly name: string;
  /** `proof`: only an unlogged change explains a finding. `hint`: there are innocent causes. */
  readonly strength: 'proof' | 'hint';
  readonly sentence: string;
  readonly result: ComparisonResult;
}

/** What is proven of a trail, since when, by which evidence, and what is unknown. */
export interface TrailReport {
  readonly status: TrailStatus;
  /** Of the last poll of a running exporter. Undefined: none has kept anything here, so nothing is proven yet. */
  readonly observedUntil: string | undefined;
  /** An exporter polls it at present. What it proved before it ended was true then. */
  readonly isWatched: boolean;
  readonly seal: SealView | undefined;
  readonly comparisons: readonly ComparisonReport[];
  /** States of trails that are not described any more, with faults that nobody declared. */
  readonly orphans: readonly OrphanedState[];
  /** Problems of the trail beside the states of its tables, one sentence each. */
  readonly objections: readonly string[];
  readonly cannotBeSaid: readonly string[];
}

export interface ReportOptions {
  /** Of the audit-trail exporter, below the state directory. */
  readonly stateDirectory: string;
  readonly signal: AbortSignal;
  /** The names of all trails in the description; without them no state is called orphaned. */
  readonly described?: readonly string[];
  readonly log?: Logger;
  readonly redactor?: Redactor;
}

/** Without a poll for this long, and for this many intervals, nobody watches. */
const UNWATCHED_MS = 120_000;
const UNWATCHED_LOOKS = 4;

export async function report(trail: AuditTrail, options: ReportOptions): Promise<TrailReport> {
  const log = options.log ?? silentLogger;
  const kept = await new MemoryDirectory(looseFolder(options.stateDirectory), log).load(trail.name);
  const observedUntil = kept.epoch === undefined ? undefined : kept.looks.at(-1)?.at;
  const sinceMs = Date.now() - (observedUntil ?? 0);
  const found = await status(trail, options);
  const seal = trail.seal === undefined ? undefined : await sealView(trail.seal, options.signal);
  return {
    status: found,
    observedUntil: observedUntil === undefined ? undefined : new Date(observedUntil).toISOString(),
    isWatched: sinceMs < Math.max(UNWATCHED_MS, UNWATCHED_LOOKS * trail.observe.intervalMs),
    seal,
    comparisons: await compare(trail, options),
    orphans:
      options.described === undefined
        ? []
        : withFaults(await orphanedStates(options.stateDirectory, new Set(options.described))),
    objections: objections(trail, found),
    cannotBeSaid: cannotBeSaid(trail, found),
  };
}

async function compare(trail: AuditTrail, { signal, log = silentLogger, redactor }: ReportOptions) {
  const deps = { log, ...(redactor === undefined ? {} : { redactor }) };
  const database = openDatabase(trail.database, deps);
  const reading =
    trail.replica === undefined ? database : new ProvenReplica(database, openDatabase(trail.replica, deps));
  try {
    const reports: ComparisonReport[] = [];
    for (const comparison of trail.comparisons) {
      const { name, strength, title } = comparison;
      const result = await reading
        .read(signal, (session) => runComparison(comparison, session, signal))
        .catch((error: unknown): ComparisonResult => {
          signal.throwIfAborted();
          return { state: 'unknown', reason: error instanceof Error ? error.message : 'the comparison failed' };
        });
      reports.push({ name, strength, sentence: title, result });
    }
    return reports;
  } finally {
    await reading.close();
    if (reading !== database) await database.close();
  }
}

function cannotBeSaid(trail: AuditTrail, { tables }: TrailStatus): readonly string[] {
  const { records, seal, witness } = trail;
  const older = tables.reduce((sum, { rowsWithoutBaseline }) => sum + rowsWithoutBaseline, 0);
  return [
    ...(records === undefined
      ? [
          'who changed what, when and why: there are no audit records',
          'whether a change is missing from the trail: there is nothing to compare the changes with',
        ]
      : []),
    ...(older > 0
      ? [
          `what was done to ${older} rows before the trail began: their history has no beginning (no SNAPSHOT record, or it was disposed of)`,
        ]
      : []),
    ...(records !== undefined && seal === undefined
      ? ['whether records were altered by somebody who can write to the audit table: nothing is sealed (seal:)']
      : []),
    ...(records !== undefined && witness === undefined
      ? [
          'whether the triggers saw every committed change, by a source that they cannot influence: no witness (witness:)',
        ]
      : []),
    'who read what: reading leaves no audit record here',
    'whether a person is who the portal said they were: the trail records what the portal told it',
  ];
}
