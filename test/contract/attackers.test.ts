/** Each row of the attackers' table in docs/audit-trail.md is shown by tests, named here. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../pack/index.js';
import { placesOf } from '../faults/audit-trail/fault-list.js';

/** A test's file, from the folder of the tests, and a part of its name. */
type Place = readonly [file: string, test: string];

interface Shown {
  readonly revealed: readonly Place[];
  /** Why a row cannot have one, or the tests of what is not revealed. */
  readonly hidden: readonly Place[] | string;
}

const observer = (file: string, name: string): Place => [
  `integration/exporters/audit-trail/observer/${file}.test.ts`,
  name,
];
const seal = (file: string, name: string): Place => [`faults/audit-trail/seal/${file}.test.ts`, name];
const fault = (number: number): readonly Place[] => placesOf(number).map(({ file, test: name }) => [file, name]);
const cameAndWent = observer(
  'checks/counters/unaccounted',
  'rows inserted and deleted past the triggers stay, for ever',
);

/** By who, and what they could do, as the table has it. */
const shown: Readonly<Record<string, Shown>> = {
  'an application user with SQL: change a row under `session_replication_role = replica`': {
    revealed: [
      ['integration/exporters/audit-trail/writer/writer.test.ts', 'the replica role bypasses nothing'],
      ...fault(14),
    ],
    hidden: [
      cameAndWent,
      observer('checks/counters/unaccounted', 'a witness that decodes the log confirms what was committed'),
    ],
  },
  'the owner of a table: disable the trigger, change, enable it again': {
    revealed: [...fault(11), observer('attackers', 'a change and its exact undo while the trigger is disabled')],
    hidden: [cameAndWent, observer('vacuous', 'is proven although a change was made and undone')],
  },
  'the owner of a table: redefine its primary key, so that records cannot be paired with rows any more': {
    revealed: [observer('schema-changes', 'each form of schema change is quiet or explained')],
    hidden: [['integration/exporters/audit-trail/observer/schema-changes.ts', 'found: 1']],
  },
  'the owner of a table: copy it without a row, and give the copy its name and triggers': {
    revealed: [observer('between-polls', 'a copy without one of the rows does not take the place of a table unseen')],
    hidden: [observer('between-polls', 'nor does one that comes when a look has found no table of that name')],
  },
  'anyone who replaces the trigger function: record nothing, or lies': {
    revealed: fault(13),
    hidden: [cameAndWent, observer('attackers', 'a trigger function that lies about the actor')],
  },
  'a writer of the audit table: delete, update or forge records': {
    revealed: [...[1, 2, 3, 5, 6, 7].flatMap(fault), observer('checks/counters/forged-ids', 'a record with an id')],
    hidden: [observer('attackers', 'records that are not sealed, of a row that is gone')],
  },
  'the owner of the audit table: have each record changed on its way into it: a trigger, a rule, a default, a policy': {
    revealed: [observer('log-definition', '%s is told, and stays until a baseline')],
    hidden: [observer('attackers', 'a trigger on the log that came and went between two polls')],
  },
  'a superuser of the database: all of the above, and reset the statistics': {
    revealed: [observer('evidence', 'statistics that are reset, with a fault in the gap'), ...fault(42)],
    hidden: [observer('attackers', 'a superuser who deletes a row with its record')],
  },
  'a superuser of the database: change a row while a subscription writes the audit table': {
    revealed: [
      ['integration/docs/logical-replication.test.ts', 'a value changed beside a subscription is found when it ends'],
      [
        'integration/docs/logical-replication.test.ts',
        'a value changed and changed back beside a subscription is not forgotten',
      ],
    ],
    hidden: [
      [
        'integration/docs/logical-replication.test.ts',
        'a value changed and changed back beside a subscription is not forgotten',
      ],
    ],
  },
  'anyone who restores a backup: bring back an older state': {
    revealed: fault(36),
    hidden: 'nothing is hidden',
  },
  'anyone who can write to the seal folder: cut, roll back or rewrite the log': {
    revealed: fault(38),
    hidden: [
      [
        'integration/exporters/audit-trail/inspect/verification.test.ts',
        'with every anchor silent, a rollback of the whole log could not be seen',
      ],
    ],
  },
  'anyone who has the seal key and the folder: sign another history': {
    revealed: [seal('anchors', 'tells of a log that was rolled back, and of one that was forked'), ...fault(37)],
    hidden: [seal('log', 'each seal their own rows: either log is sound')],
  },
  'anyone who runs the exporter: report `ok` always': {
    revealed: [['contract/audit-cli.test.ts', 'names what was changed, removed and slipped in, and goes on failing']],
    hidden: 'nobody looks',
  },
};

async function rows(): Promise<readonly string[]> {
  const page = await readFile(join(packageRoot(), 'docs', 'audit-trail.md'), 'utf8');
  const [, section = ''] = page.split('## Who can fool it, and what reveals them');
  const lines = (section.split(/^## /m)[0] ?? '').split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(1).map((line) => {
    const [, who = '', could = ''] = line.split(' | ').join('|').split('|');
    return `${who.trim()}: ${could.trim()}`;
  });
}

test('the table has these rows', async () => {
  expect(await rows()).toEqual(Object.keys(shown));
});

test.each(Object.entries(shown))('%s: the tests that show it are there', async (_, { revealed, hidden }) => {
  expect(revealed).not.toEqual([]);
  for (const [file, name] of [...revealed, ...(typeof hidden === 'string' ? [] : hidden)]) {
    const source = await readFile(join(packageRoot(), 'test', file), 'utf8');
    expect(source, `${file} has no test "${name}"`).toContain(name);
  }
});
