import { type EvidenceSource, type EvidenceState, evidenceSources } from '../../../../pack/audit-trail/metrics.js';
import type { AuditTrail } from '../../../../pack/audit-trail/model.js';
import type { Failure } from '../../../runtime/postgres/failure.js';
import type { Facts } from '../../database/facts.js';
import type { RecordsShape } from '../../records/shape.js';
import { tracksCalls } from './epoch.js';

export interface Evidence {
  readonly state: EvidenceState;
  readonly reason: string;
  /** The exact GRANT or setting that would mend it. */
  readonly remedies: readonly string[];
}

/** The reason of a source that the description leaves out. */
export const notConfigured = 'not configured';
const notYet: Evidence = { state: 'unknown', reason: 'not looked at yet', remedies: [] };

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
  withKept(kept: Readonly<Partial<Record<EvidenceSource, Evidence>>>): EvidenceBook {
    return new EvidenceBook(new Map(evidenceSources.map((source) => [source, kept[source] ?? this.get(source)])));
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

  toPlain(): Readonly<Partial<Record<EvidenceSource, Evidence>>> {
    return Object.fromEntries(this.#book);
  }
}

/** Ok, or degraded by what is lacking. */
export function judged(reason: string, limitations: readonly Limitation[]): Evidence {
  if (limitations.length === 0) return { state: 'ok', reason, remedies: [] };
  return {
    state: 'degraded',
    reason: limitations.map((limitation) => limitation.reason).join('; '),
    remedies: limitations.flatMap(({ remedies }) => remedies),
  };
}

export function unknown(reason: string, remedies: readonly string[] = []): Evidence {
  return { state: 'unknown', reason, remedies };
}

export function ifSlow({ kind }: Failure): string[] {
  return kind === 'timeout' ? ['raise database.statementTimeout, or point `replica` at a standby'] : [];
}

export interface Limitation {
  readonly reason: string;
  readonly remedies: readonly string[];
}

export function counterLimitations(facts: Facts, trail: AuditTrail, shape: RecordsShape): Limitation[] {
  const limitations: Limitation[] = [];
  if (!tracksCalls(facts)) {
    limitations.push({
      reason: 'calls of trigger functions are not counted, so one equality is left of two',
      remedies: [`ALTER DATABASE ${facts.database} SET track_functions = 'pl'`],
    });
  }
  const { sequence } = shape;
  if (sequence === undefined) {
    if (trail.records?.writtenBy === 'trigger')
      limitations.push({
        reason: 'the id is given out by no sequence, so forged ids do not show in counters',
        remedies: [],
      });
  } else if (!sequence.readable) {
    limitations.push({
      reason: 'the sequence of the ids cannot be read',
      remedies: [`GRANT SELECT ON SEQUENCE ${sequence.name} TO ${facts.role}`],
    });
  } else if (sequence.cache > 1) {
    limitations.push({
      reason: `sessions take ${sequence.cache} ids at once, so ids are not in the order of writing`,
      remedies: [`ALTER SEQUENCE ${sequence.name} CACHE 1`],
    });
  }
  return limitations;
}

export function commitTimestampLimitations(facts: Facts): Limitation[] {
  return facts.trackCommitTimestamp
    ? []
    : [
        {
          reason: 'moments of commit are not kept; times are judged by earlier looks',
          remedies: ["ALTER SYSTEM SET track_commit_timestamp = 'on' (takes effect at a restart)"],
        },
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
          remedies: [`GRANT EXECUTE ON FUNCTION pg_control_system(), pg_control_checkpoint() TO ${facts.role}`],
        },
      ]
    : [];
}
