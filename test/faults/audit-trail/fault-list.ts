import { cases } from './cases.js';
import { innocents } from './innocents.js';

/** A test that injects the fault: its file, from the folder of the tests, and a part of its name. */
export interface Place {
  readonly file: string;
  readonly test: string;
}

/** The fault list: what goes wrong, and what must only seem so. */
export const titles: Readonly<Record<number, string>> = {
  1: 'audit record deleted from the middle',
  2: 'newest records deleted',
  3: 'record edited: image, actor, time, key',
  4: 'ids swapped or reordered',
  5: 'forged record in a sealed range',
  6: 'forged record in the open range, with an id of its own',
  7: 'forged record with the next id',
  8: 'audit table truncated',
  9: 'audit partition dropped or detached',
  10: 'trigger disabled',
  11: 'trigger toggled between two looks',
  12: 'trigger dropped or recreated narrower',
  13: 'trigger function replaced by one that does nothing',
  14: 'bypass by the replica role',
  15: 'logical replication without triggers',
  16: 'restore with --disable-triggers',
  17: 'TRUNCATE of a leaf partition',
  18: 'partition detached, edited, attached again',
  19: 'new table never enrolled',
  20: 'values rewritten by DDL',
  21: 'catalogue edited by hand',
  22: 'gap by rollback (no fault)',
  23: 'gap by a sequence cache (no fault; CACHE above 1 is said)',
  24: 'gap by a crash (no fault)',
  25: 'duplicate ids',
  26: 'sequence reset',
  27: 'actor absent, blank or a machine',
  28: 'unresolvable or shared actor',
  29: 'time dated back',
  30: 'clock stepped or skewed',
  31: 'hash chain made anew after tampering',
  32: 'tampering before sealing',
  33: 'two writers race for a chain (none by design)',
  34: 'late commit (no fault, but lag)',
  35: 'prepared transaction orphaned',
  36: 'restore from a backup',
  37: 'split brain after failover',
  38: 'checkpoint file rolled back or forked',
  39: 'checkpoint key swapped',
  40: 'sealer stopped',
  41: 'replication slot dropped, recreated or lost',
  42: 'statistics reset or off',
  43: 'table UNLOGGED',
  44: "observer's permission narrowed",
  45: 'jsonb fidelity lost',
  46: "verifier's session drifts (no fault)",
  47: 'column added, VACUUM FULL, freeze (no fault)',
  48: 'audit insert fails',
  49: 'record unreadable',
  50: 'bulk statement fails midway (unaccounted)',
};

const seal = (file: 'anchors' | 'crash' | 'log' | 'source' | 'tamper', test: string): Place => ({
  file: `faults/audit-trail/seal/${file}.test.ts`,
  test,
});
const components = (test: string): Place => ({ file: 'faults/audit-trail/components.test.ts', test });
const apart = (test: string): Place => ({ file: 'faults/audit-trail/apart.test.ts', test });

const elsewhere: Readonly<Record<number, readonly Place[]>> = {
  1: [seal('tamper', '1 a record deleted from the middle')],
  2: [seal('tamper', '2 the newest records deleted'), seal('tamper', 'at the very end is found by the next step')],
  3: [seal('tamper', '3 an image edited'), seal('tamper', '3 an actor edited'), seal('tamper', '3 a key edited')],
  4: [seal('tamper', '4 two ids swapped')],
  5: [seal('tamper', '5 a record forged into a sealed range')],
  8: [seal('tamper', '8 a truncated audit table is found in every chunk'), seal('tamper', '8 VACUUM FULL')],
  9: [seal('tamper', '9 a partition detached'), seal('tamper', 'lawful disposal leaves root and count')],
  15: [apart('15 rows that a subscription brings')],
  22: [seal('source', '22 seals nothing of a rollback')],
  24: [apart('24 a crash leaves gaps')],
  29: [seal('tamper', '29 a sealed time set back')],
  30: [{ file: 'faults/audit-trail/clock.test.ts', test: '30 the clock of one side stepped' }],
  31: [seal('tamper', '31 a hash chain made anew after tampering'), components('31 a chain of hashes made anew')],
  33: [seal('source', 'misses and doubles nothing under concurrent writers')],
  34: [seal('source', '34 includes a late commit later'), apart('34 a transaction that commits late')],
  35: [apart('35 a prepared transaction that nobody ends')],
  36: [seal('log', '36 the database restored'), apart('36 a server restored from an older copy')],
  37: [seal('log', '37 two primaries'), components('37 two primaries')],
  38: [
    seal('log', '38 the log rolled back, cut or rewritten'),
    seal('anchors', 'remembers what was rolled back'),
    seal('anchors', 'tells of a log that was rolled back'),
    components('38 the log rolled back'),
  ],
  39: [seal('log', '39 the key'), seal('log', 'rotated with an overlap'), components('39 the key swapped')],
  40: [
    components('40 the sealer stopped'),
    seal('log', '40 the sealer stopped'),
    seal('log', 'seals empty intervals too'),
    seal('crash', 'kill -9'),
  ],
  41: [
    {
      file: 'integration/exporters/audit-trail/witness/witness.test.ts',
      test: 'a slot that was made anew, read by another or dropped',
    },
    {
      file: 'integration/exporters/audit-trail/witness/witness.test.ts',
      test: 'a slot that the server gave up for want of space',
    },
    components('41 a replication slot dropped and made anew'),
  ],
  44: [seal('source', '44 a policy hides rows from the role')],
  45: [
    {
      file: 'integration/exporters/audit-trail/writer/writer.test.ts',
      test: 'images hold every digit and one time zone, whatever the session says',
    },
  ],
  46: [seal('tamper', '46 another time zone for the role')],
  47: [seal('tamper', '47 a column added'), seal('tamper', '47 records frozen')],
  48: [seal('crash', 'a full disk')],
  49: [seal('source', 'fails for anything else')],
};

/** Where each number of the list is injected. */
export function placesOf(fault: number): readonly Place[] {
  return [
    ...cases
      .filter((item) => item.fault === fault)
      .map(({ name }) => ({ file: 'faults/audit-trail/cases.ts', test: name.replaceAll("'", "\\'") })),
    ...innocents
      .filter((item) => item.fault === fault)
      .map(({ name }) => ({ file: 'faults/audit-trail/innocents.ts', test: name })),
    ...(elsewhere[fault] ?? []),
  ];
}
