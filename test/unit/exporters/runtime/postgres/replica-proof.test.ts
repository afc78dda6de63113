/** What servers that disagree would answer; servers that are real are in the integration tests of the observer. */
import { expect, test } from 'vitest';
import { type Ask, proveReplica, UnprovenReplica } from '../../../../../exporters/runtime/postgres/replica-proof.js';

const primary = {
  standby: false,
  database: 'portal',
  role: 'observer',
  inserted: '0/3000100',
  flushed: '0/3000100',
  timeline: 2,
  page: 8192,
  delay: 0,
  reads_control: true,
};
const replica = {
  standby: true,
  database: 'portal',
  role: 'observer',
  replayed: '0/3000100',
  paused: false,
  started: 'then',
  receiving: 2,
  reads_recovery: true,
  reads_control: true,
};

interface Servers {
  readonly primary?: Partial<typeof primary>;
  readonly replica?: Partial<Record<keyof typeof replica, unknown>>;
  readonly system?: string;
  /** In the control file of the replica. */
  readonly timeline?: number;
}

function proof(servers: Servers) {
  const answers = (position: object, system: string, timeline: number): Ask => {
    return (sql) => {
      if (sql.includes('pg_control_system()') && sql.includes('system_identifier'))
        return Promise.resolve([{ system }]);
      if (/^select (timeline_id|min_recovery)/.test(sql)) return Promise.resolve([{ timeline }]);
      return Promise.resolve([position]);
    };
  };
  const asked = {
    primary: answers({ ...primary, ...servers.primary }, '7', 2),
    replica: answers({ ...replica, ...servers.replica }, servers.system ?? '7', servers.timeline ?? 2),
  };
  return proveReplica({
    primary: (work) => work(asked.primary),
    replica: (work) => work(asked.replica),
    waitMs: 300,
    signal: new AbortController().signal,
  });
}

test('a standby that follows and is not behind proves itself', async () => {
  expect(await proof({})).toEqual({ started: 'then' });
  // Written, and of no commit yet: it is not sent before it is on the disk.
  expect(await proof({ primary: { inserted: '0/3000900' } })).toEqual({ started: 'then' });
  // The receiver knows of the promotion before the control file does.
  expect(await proof({ timeline: 1 })).toEqual({ started: 'then' });
});

test.each<[what: string, servers: Servers, reason: RegExp]>([
  ['is promoted', { replica: { standby: false } }, /not in recovery/],
  ['is of another cluster', { system: '8' }, /no standby of it/],
  ['shows another database', { replica: { database: 'copy' } }, /shows the database copy/],
  ['may not be asked', { replica: { reads_control: false } }, /may not read the system identifier on the replica/],
  [
    'follows the timeline of before',
    { replica: { receiving: 1 }, timeline: 1 },
    /timeline 1, the database writes timeline 2/,
  ],
  ['follows a later timeline', { replica: { receiving: 3 } }, /follows timeline 3/],
  ['is not known to follow', { replica: { receiving: null }, timeline: 1 }, /only known to follow timeline 1/],
  ['is ahead', { replica: { replayed: '0/3000200' } }, /ahead of the database/],
  ['is behind', { replica: { replayed: '0/3000080' } }, /behind the primary by 128 bytes$/],
  [
    'is paused',
    { replica: { replayed: '0/3000080', paused: true } },
    /behind the primary by 128 bytes and its replay is paused/,
  ],
  ['has a standby as primary', { primary: { standby: true } }, /`database` is itself a standby/],
])('one that %s does not', async (_, servers, reason) => {
  const error: unknown = await proof(servers).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UnprovenReplica);
  expect(error).toMatchObject({ message: expect.stringMatching(reason), isBehind: /behind/.test(String(reason)) });
});
