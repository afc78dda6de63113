import type { CheckName } from '../../../../pack/audit-trail/metrics.js';
import type { AuditTrail } from '../../../../pack/audit-trail/model.js';
import type { Failure } from '../../../runtime/postgres/failure.js';
import type { RecordsSql } from '../../records/sql.js';
import { settlingOf } from '../checks/counters/invariants.js';
import { orderLostText } from '../checks/ordering.js';
import { backlogText } from '../checks/reading/backlog.js';
import { isRechecked } from '../checks/reading/recheck.js';
import type { Memory } from '../memory.js';
import type { TableMemory } from '../tables/memory.js';
import type { ScopedTable } from '../tables/scope.js';
import type { EvidenceBook } from './evidence.js';
import type { Declared } from './maintenance.js';
import type { Answers, Missing, ProvenProperty } from './proof.js';

/** What shows something about tables, beside the memory. */
export interface AnsweredBy {
  readonly trail: AuditTrail;
  readonly tables: readonly ScopedTable[];
  readonly sql: RecordsSql | undefined;
  readonly whyNoRecords: string | undefined;
  readonly evidence: EvidenceBook;
  /** Of checks whose last run failed. */
  readonly errors: ReadonlyMap<CheckName, Failure>;
  /** Why a table cannot be compared, by label. */
  readonly obstacles: ReadonlyMap<string, string>;
  readonly declared: Declared;
}

type Answer = ProvenProperty | Missing;
const blind = (missing: string): Missing => ({ missing, isBlind: true });
const notYet = (missing: string): Missing => ({ missing, isBlind: false });

/** What is known of each property of one table. */
export function answersOf(memory: Memory, by: AnsweredBy, label: string, own: TableMemory): Answers {
  return {
    records: recordsRead(memory, by),
    images: imagesHeld(memory, by, own),
    recording: recorded(memory, by, label, own),
    counters: countersAgree(memory, by),
    rows: rowsCompared(memory, by, label, own),
  };
}

function recordsRead(memory: Memory, { whyNoRecords, sql, errors, declared }: AnsweredBy): Answer {
  if (whyNoRecords !== undefined) return blind(whyNoRecords);
  const disorder = orderLostText(memory, sql);
  if (disorder !== undefined) return blind(disorder);
  const unread = errors.get('reading')?.reason ?? memory.checks.reading.blind;
  if (unread !== undefined) return blind(`records cannot be checked: ${unread}`);
  const { epoch, checks } = memory;
  const { progress, backlog } = checks.reading;
  if (epoch === undefined || progress === undefined || !progress.everCaughtUp) {
    const how = backlog === undefined ? '' : `: ${backlogText(backlog, declared.now)}`;
    return notYet(`the records were not yet read to the end${how}`);
  }
  if (progress.caughtUpAt < epoch.startedAt || BigInt(progress.caughtUpTo) < BigInt(epoch.xmax))
    return notYet(`not yet read to the end ${sinceText(epoch)}`);
  if (epoch.hasOldRecords === true && !isRechecked(checks.reading, epoch.startedAt))
    return notYet(`old records were not yet gone through again ${sinceText(epoch)}`);
  if (!isRechecked(checks.reading, checks.reading.touched?.at ?? 0) && checks.reading.touched?.at !== undefined)
    return notYet('records were updated or deleted, and the old ones were not yet gone through again');
  return { by: `read to the end, up to transaction ${progress.caughtUpTo}`, since: epoch.startedAt };
}

function imagesHeld({ epoch }: Memory, { trail, sql }: AnsweredBy, { reading, replay }: TableMemory) {
  const lacking = Math.max(reading.lackingImages, replay.scanned?.lackingImages ?? 0);
  if (lacking > 0) return blind(`${lacking} records lack the image that they should have`);
  const untold = replay.scanned?.untold ?? [];
  if (untold.length > 0)
    return blind(
      `no record tells what some rows hold in ${untold.toSorted().join(', ')}, so a change there cannot be seen`,
    );
  if (sql?.hasImages !== false) return { by: 'each record holds its row images', since: epoch?.startedAt ?? 0 };
  return trail.records?.writtenBy === 'application'
    ? blind(
        'the application writes the records and they hold no row images, so an UPDATE without a record cannot be seen',
      )
    : undefined;
}

/** That each operation makes a record. No trigger vouches for an application: its records must at least name the table. */
function recorded({ epoch, checks }: Memory, { trail, tables }: AnsweredBy, label: string, own: TableMemory): Answer {
  if (trail.records?.writtenBy !== 'application') {
    const { isRecording, recordingSince = epoch?.startedAt ?? 0 } = own.triggers;
    if (isRecording === undefined) return notYet('it was not yet checked which operations are recorded');
    return isRecording
      ? { by: 'a trigger records each required operation', since: recordingSince }
      : blind('not every operation is recorded');
  }
  const leaves = tables.find((table) => table.label === label)?.leaves ?? [];
  const names = [label, ...leaves.map(({ schema, name }) => `${schema}.${name}`)];
  const { recordNames } = checks.reading;
  if (names.some((name) => recordNames.includes(name)))
    return { by: 'records of the application name the table', since: epoch?.startedAt ?? 0 };
  return blind(
    `the application writes the records and none of them names this table, so nothing shows that its changes are recorded${hintOf(recordNames, tables)}`,
  );
}

/** Some names in a sentence. */
const MOST_NAMES = 5;

/** Applications name what they change in their own words. */
function hintOf(recordNames: readonly string[], tables: AnsweredBy['tables']): string {
  const others = recordNames.filter((name) => !tables.some(({ label }) => label === name)).slice(0, MOST_NAMES);
  return others.length === 0
    ? ''
    : `; they name ${others.join(', ')}: where that is a word for a table in scope, map it in records.tables`;
}

/** Undefined where an application writes the records: its rollbacks count on one side only, so nothing can be compared. */
function countersAgree({ checks, epoch }: Memory, { trail, evidence, declared }: AnsweredBy): Answer | undefined {
  if (trail.records?.writtenBy !== 'trigger') return undefined;
  const { state, reason } = evidence.get('counters');
  if (state === 'unknown') return blind(`counters: ${reason}`);
  if (settlingOf(checks.counters, declared.settleMs).settled() === undefined)
    return notYet('counters are not yet known to agree');
  return { by: 'counters of changes, calls and records were compared at each poll', since: epoch?.startedAt ?? 0 };
}

function rowsCompared({ epoch, checks }: Memory, by: AnsweredBy, label: string, own: TableMemory): Answer {
  const obstacle = by.obstacles.get(label) ?? checks.replay.problems?.[label]?.reason;
  if (obstacle !== undefined) return blind(obstacle);
  const failure = by.errors.get('replay');
  if (failure !== undefined) return blind(`rows cannot be compared: ${failure.reason}`);
  const { scanned } = own.replay;
  if (scanned === undefined || scanned.startedAt < Math.max(epoch?.startedAt ?? 0, own.accepted?.at ?? 0))
    return notYet(`no whole comparison of rows and records yet ${sinceText(epoch)}`);
  if (!scanned.isClean) return notYet('the last comparison of rows and records was not clean');
  return { by: `${scanned.compared} rows were compared with their last records`, since: scanned.startedAt };
}

function sinceText(epoch: Memory['epoch']): string {
  const reason = epoch?.reason ?? 'start';
  return `since ${reason === 'start' ? 'the start' : reason.replaceAll('_', ' ')}`;
}
