/**
 * Ten minutes of an installation as a whole: people work through PgBouncer, which restarts; the primary is lost and its
 * standby takes over behind the same address; and losses are planted in between. No page but for those, and each is found.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type InstalledServer, observedSettings, startInstalled } from '../../support/audit-trail/installed.js';
import { ask } from '../../support/postgres/left.js';
import type { TestServer } from '../../support/postgres/majors.js';
import { type Pooler, startPooler } from '../../support/postgres/pooler.js';
import { type Standby, standbyOf } from '../../support/postgres/standby.js';
import { type Relay, startRelay } from '../../support/relay.js';
import { innocents } from './innocents.js';
import { losses } from './losses.js';
import { type Innocent, Soak } from './soak.js';

const isLong = process.env.KOP_LONG === '1';
const SECONDS = Number(process.env.KOP_SOAK_SECONDS ?? 600);
const settings = { autovacuum: 'on', synchronous_commit: 'on' };

let primary: InstalledServer<TestServer>;
let standby: Standby;
let relay: Relay;
let pooler: Pooler;
let isFailedOver = false;

beforeAll(async () => {
  if (!isLong) return;
  primary = await startInstalled(17, settings);
  const { url, data, stop, start } = primary.server;
  standby = await standbyOf({ adminUrl: url, dataDir: data, stop, start }, { ...observedSettings, ...settings });
  relay = await startRelay(Number(new URL(url).port));
  pooler = await startPooler(relayed(url), [url]);
}, 120_000);
afterAll(async () => {
  if (!isLong) return;
  await pooler.close();
  await relay.close();
  await standby.close();
  await primary.close();
});

function relayed(url: string): string {
  const own = new URL(url);
  own.port = String(relay.port);
  return own.href;
}

/** Only what is asked of the server of an installation; the address is that of whoever is the primary. */
function behindRelay({ server, ...installed }: InstalledServer<TestServer>): InstalledServer<TestServer> {
  const database = async (name: string, template?: string) => relayed(await server.database(name, template));
  return { ...installed, server: { ...server, url: relayed(server.url), database } };
}

const surroundings: readonly Innocent[] = [
  {
    name: 'the pooler restarts',
    happens: () => pooler.restart(),
    may: ['counter_residual operations_calls', 'counter_residual calls_records'],
  },
  {
    name: 'the primary is lost, and its standby takes over',
    happens: async (_office, soak) => {
      if (isFailedOver) return;
      isFailedOver = true;
      soak.interrupt();
      await soak.server.stop('immediate');
      await standby.ask('select pg_promote()');
      relay.to(standby.server.port);
      soak.server = standby.server;
    },
    may: ['epoch_changes_total timeline'],
  },
];

/** A loss after each two things that are none. */
const happenings = [...surroundings, ...innocents].flatMap((innocent, place) => {
  const loss = losses[((place - 1) / 2) % losses.length];
  return loss === undefined ? [innocent] : [innocent, loss];
});

test.runIf(isLong)(
  `no page in ${SECONDS} s, and each planted loss found`,
  {
    timeout: (SECONDS + 900) * 1000,
  },
  async () => {
    // What is committed is on the standby, so that no honest record is lost with the primary.
    await ask(primary.server.url, "alter system set synchronous_standby_names = '*'");
    await ask(primary.server.url, 'select pg_reload_conf()');
    const result = await Soak.run(behindRelay(primary), {
      seconds: SECONDS,
      happenings,
      worksAt: (url) => pooler.urlOf(url),
    });
    const { alarms, isProven, happened, found, remains: _, ...figures } = result;
    console.info(JSON.stringify({ ...figures, happened, found }, null, 1));
    expect({ alarms, isProven, isFailedOver }).toEqual({ alarms: [], isProven: true, isFailedOver: true });
    expect(Object.keys(happened).sort()).toEqual([...new Set(happenings.map(({ name }) => name))].sort());
    const planted = losses.reduce((sum, { name }) => sum + (happened[name] ?? 0), 0);
    expect(found).toBe(planted);
    // Records that were planted to be deleted may have been read before.
    expect(result.recordsRead).toBeGreaterThanOrEqual(result.recordsWritten);
  },
);
