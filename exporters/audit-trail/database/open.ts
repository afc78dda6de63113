import type { DatabaseAccess } from '../../../pack/index.js';
import type { Logger, Redactor } from '../../runtime/log.js';
import { ReadOnlyDatabase } from '../../runtime/postgres/read-only.js';
import type { Settings } from '../../runtime/postgres/settings.js';

export interface DatabaseDeps {
  readonly log: Logger;
  readonly redactor?: Redactor;
}

/** Settings of the observer, beside those of every reading transaction. */
const settings: Settings = {
  stats_fetch_consistency: 'snapshot',
  // Behind stale statistics the planner expects next to nothing of a row's history, and sorts all of it to find its newest
  // record, for each record anew. This leaves it the index order; without such an index it sorts all the same.
  enable_sort: 'off',
  // For the same reason it takes reading a whole partition for the cheapest way to one id. Tables without an index are
  // still read whole.
  enable_seqscan: 'off',
};

/** The observer's way into a database. */
export function openDatabase(access: DatabaseAccess, { log, redactor }: DatabaseDeps): ReadOnlyDatabase {
  return new ReadOnlyDatabase(access, {
    application: 'kop-audit-observer',
    log,
    settings,
    ...(redactor === undefined ? {} : { redactor }),
  });
}
