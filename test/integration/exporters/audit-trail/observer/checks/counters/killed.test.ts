/** Nobody gives an exporter that is killed the time to write anything. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../../../../../../pack/index.js';
import { type AuditFixture, auditFixture, borrowAuditServer } from '../../../../../../support/audit-trail/fixture.js';

let server: Awaited<ReturnType<typeof borrowAuditServer>>;
let fixture: AuditFixture;
let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  server = await borrowAuditServer();
  fixture = await auditFixture(server);
  // Inside the repository, for its node_modules.
  const parent = join(packageRoot(), '.kop');
  await mkdir(parent, { recursive: true });
  folder = await mkdtemp(join(parent, 'killed-test-'));
  const bundle = await rolldown({ input: join(import.meta.dirname, 'killed-child.ts'), platform: 'node' });
  await bundle.write({ file: join(folder, 'child.mjs'), format: 'esm' });
  await bundle.close();
}, 60_000);
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await fixture.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

interface Said {
  readonly shown: readonly number[];
  readonly states: readonly string[];
}

function start(): { child: ChildProcess; until: (holds: (said: Said) => boolean) => Promise<Said> } {
  const child = spawn(process.execPath, [join(folder, 'child.mjs'), fixture.observerUrl, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  if (child.stdout === null) throw new Error('no output');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    child,
    async until(holds) {
      for (;;) {
        const line = await lines.next();
        if (line.done === true) throw new Error('the observer ended');
        const said: Said = JSON.parse(line.value);
        if (holds(said)) return said;
      }
    },
  };
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

test('unaccounted changes are the same after kill -9 at any moment', { timeout: 60_000 }, async () => {
  await fixture.sql("alter table accounts enable trigger audit_row; insert into accounts (name) values ('a')");
  const first = start();
  const isProven = ({ states }: Said) => states.length > 0 && states.every((state) => state === 'ok');
  await first.until(isProven);
  await fixture.sql(`set session_replication_role = replica;
    insert into accounts (id, name) select i, 'gone' from generate_series(9001, 9050) i; delete from accounts where id > 9000`);
  const { shown } = await first.until((said) => said.shown.some((n) => n > 0));
  expect(shown.filter((n) => n > 0)).toEqual([100, 100]);
  await kill(first.child);
  for (const lives of [0, 1, 3]) {
    const again = start();
    for (let life = 0; life <= lives; life += 1) expect((await again.until(() => true)).shown).toEqual(shown);
    await kill(again.child);
  }
  const last = start();
  expect((await last.until(isProven)).shown).toEqual(shown);
  await kill(last.child);
});
