import type { TimingSource } from '../../../pack/encryption/model.js';
import type { Logger, Redactor } from '../../runtime/log.js';
import { logProblem } from '../log-problem.js';
import { ScanDatabase } from '../scan/database.js';
import { scanFailureOf } from '../scan/failure.js';
import { readAccessLog } from './access-log.js';
import { readAuditLog } from './audit-log.js';
import type { RecordedDurations } from './durations.js';
import { readPerformanceMetrics } from './performance-metrics.js';

const readers = {
  encryption_audit_log: readAuditLog,
  encryption_performance_metrics: readPerformanceMetrics,
  field_access_log: readAccessLog,
} as const;

export interface TimingState {
  readonly source: TimingSource;
  /** Absent before the first query, and while the table cannot be read. */
  readonly recorded?: RecordedDurations;
  readonly problem?: string;
}

/** What the portal itself recorded. */
export class TimingWatch {
  readonly #entries: readonly { readonly source: TimingSource; readonly database: ScanDatabase }[];
  readonly #states = new Map<string, TimingState>();

  readonly #log: Logger;

  constructor(sources: readonly TimingSource[], redactor: Redactor, log: Logger) {
    this.#log = log;
    this.#entries = sources.map((source) => ({ source, database: new ScanDatabase(source.database, redactor) }));
  }

  /** Never throws. */
  async refresh(signal: AbortSignal): Promise<void> {
    for (const { source, database } of this.#entries) {
      try {
        const recorded = await database.look(signal, (query) => readers[source.preset](query, source.table));
        this.#note({ source, recorded });
      } catch (error) {
        // A query that was aborted is not a failure of the database.
        if (!signal.aborted) this.#note({ source, problem: scanFailureOf(error).message });
      }
    }
  }

  states(): TimingState[] {
    return this.#entries.map(({ source }) => this.#states.get(source.name) ?? { source });
  }

  #note(state: TimingState): void {
    const { name } = state.source;
    const log = this.#log.child({ source: name });
    logProblem(log, "the portal's own timings", this.#states.get(name)?.problem, state.problem);
    this.#states.set(name, state);
  }

  async close(): Promise<void> {
    for (const { database } of this.#entries) await database.close();
  }
}
