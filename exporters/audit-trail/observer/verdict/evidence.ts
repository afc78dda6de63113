import { type EvidenceSource, type EvidenceState, evidenceSources } from '../../../../pack/audit-trail/metrics.js';
import type { AuditTrail } from '../../../../pack/audit-trail/model.js';
import type { Failure } from '../../../runtime/postgres/failure.js';
import type { Facts } from '../../database/facts.js';
import type { RecordsShape } from '../../records/shape.js';
import { tracksCalls } from './epoch.js';

export interface Evidence {
  readonly state: EvidenceState;
  readonly reason: string;
  /** The exact GRANT or setting that fixes it. */
  readonly fixes: readonly string[];
}

/** Evidence in the state file and in JSON. Its keys are a promise, so `fixes` keep their first name there. */
export interface WrittenEvidence {
  readonly state: EvidenceState;
  readonly reason: string;
  readonly remedies: readonly string[];
}
export type WrittenBook = Readonly<Partial<Record<EvidenceSource, WrittenEvidence>>>;

/** The reason of a source that the description leaves out. */
export const notConfigured = 'not configured';
const notYet: Evidence = { state: 'unknown', reason: 'not checked yet', fixes: [] };

/**
 * What each property rests on, and whether it can be seen. A source that cannot be seen is not a source that says
 * nothing is wrong. A book is never changed: `with…` makes another one.
 */
export class EvidenceBook {
  readonly #book: ReadonlyMap<EvidenceSource, Evidence>;

  constructor(book: ReadonlyMap<EvidenceSource, Evidence> = new Map()) {
    this.#book = new Map(evidenceSources.map((source) => [source, book.get(source) ?? notYet]));
  }

  get(source: EvidenceSource): Evidence {
    return this.#book.get(source) ?? notYet;
  }

  all(): ReadonlyMap<EvidenceSource, Evidence> {
    return this.#book;
  }

  with(source: EvidenceSource, evidence: Evidence): EvidenceBook {
    return new EvidenceBook(new Map([...this.#book, [source, evidence]]));
  }

  /** What another observer kept; whatever is checked here takes its place. */
  withKept(kept: WrittenBook): EvidenceBook {
    const known = evidenceSources.map((source) => {
      const written = kept[source];
      if (written === undefined) return [source, this.get(source)] as const;
      return [source, { state: written.state, reason: written.reason, fixes: written.remedies }] as const;
    });
    return new EvidenceBook(new Map(known));
  }

  withFailure(source: EvidenceSource, failure: Failure, fixes: readonly string[] = []): EvidenceBook {
    return this.with(source, unknown(failure.reason, [...fixes, ...ifSlow(failure)]));
  }

  /** The seal and the witness have their own connections. */
  withoutConnection(reason: string): EvidenceBook {
    const isOurs = (source: EvidenceSource) => source !== 'seal' && source !== 'witness';
    return new EvidenceBook(
      new Map([...this.#book].map(([source, known]) => [source, isOurs(source) ? unknown(reason) : known])),
    );
  }

  /** For the state file, and for whoever reads JSON. */
  written(): WrittenBook {
    return Object.fromEntries(
      [...this.#book].map(([source, { state, reason, fixes }]) => [source, { state, reason, remedies: fixes }]),
    );
  }
}

/** Ok, or degraded by its limitations. */
export function judged(reason: string, limitations: readonly Limitation[]): Evidence {
  if (limitations.length === 0) return { state: 'ok', reason, fixes: [] };
  return {
    state: 'degraded',
    reason: limitations.map((limitation) => limitation.reason).join('; '),
    fixes: limitations.flatMap(({ fixes }) => fixes),
  };
}

export function unknown(reason: string, fixes: readonly string[] = []): Evidence {
  return { state: 'unknown', reason, fixes };
}

export function ifSlow({ kind }: Failure): string[] {
  return kind === 'timeout' ? ['raise database.statementTimeout, or point `replica` at a standby'] : [];
}

export interface Limitation {
  readonly reason: string;
  readonly fixes: readonly string[];
}

export function counterLimitations(facts: Facts, trail: AuditTrail, shape: RecordsShape): Limitation[] {
  const limitations: Limitation[] = [];
  if (!tracksCalls(facts)) {
    limitations.push({
      reason: 'calls of trigger functions are not counted, so one equality is left of two',
      fixes: [`ALTER DATABASE ${facts.database} SET track_functions = 'pl'`],
    });
  }
  const { sequence } = shape;
  if (sequence === undefined) {
    if (trail.records?.writtenBy === 'trigger')
      limitations.push({
        reason: 'the id is given out by no sequence, so forged ids do not show in counters',
        fixes: [],
      });
  } else if (!sequence.readable) {
    limitations.push({
      reason: 'the sequence of the ids cannot be read',
      fixes: [`GRANT SELECT ON SEQUENCE ${sequence.name} TO ${facts.role}`],
    });
  } else if (sequence.cache > 1) {
    limitations.push({
      reason: `sessions take ${sequence.cache} ids at once, so ids are not in the order of writing`,
      fixes: [`ALTER SEQUENCE ${sequence.name} CACHE 1`],
    });
  }
  return limitations;
}

export function commitTimestampLimitations(facts: Facts): Limitation[] {
  return [
    ...(facts.trackCommitTimestamp
      ? []
      : [
          {
            reason: 'moments of commit are not kept; times are judged by earlier polls',
            fixes: ["ALTER SYSTEM SET track_commit_timestamp = 'on' (takes effect at a restart)"],
          },
        ]),
    ...(facts.readsAllStats
      ? []
      : [
          {
            reason:
              'it cannot be seen when transactions of other roles began, so records that are dated back are not recognised',
            fixes: [`GRANT pg_read_all_stats TO ${facts.role}`],
          },
        ]),
  ];
}

export function identityEvidence(facts: Facts): Evidence {
  return judged('system identifier and timeline are known', identityLimitations(facts));
}

function identityLimitations(facts: Facts): Limitation[] {
  return facts.system === undefined
    ? [
        {
          reason: 'the system identifier and timeline cannot be read, so a restored copy may pass for the original',
          fixes: [`GRANT EXECUTE ON FUNCTION pg_control_system(), pg_control_checkpoint() TO ${facts.role}`],
        },
      ]
    : [];
}
