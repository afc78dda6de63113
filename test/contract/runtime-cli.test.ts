import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { verbs } from '../../cli/verbs.js';
import { callFrom, withCalls } from '../../exporters/runtime/call.js';
import { eventually, smallPack, Workbench } from './runtime-support.js';

const verbNames = verbs.map(({ name }) => name);

const kop = process.env.KOP_TEST_CLI ?? join(import.meta.dirname, '../../dist/cli/kop.js');
const bench = new Workbench();
const children: ChildProcess[] = [];

beforeAll(() => {
  if (!existsSync(kop)) throw new Error(`${kop} is not there; run npm run build first`);
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});
afterAll(() => bench.remove());

function run(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [kop, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** One command after the other in one process: most of what a process costs is its start. */
const DRIVER = `
const { kop } = await import(process.argv[1]);
const write = process.stdout.write.bind(process.stdout);
const ended = [];
for (const args of JSON.parse(process.argv[2])) {
  const printed = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) process[stream].write = (text) => (printed[stream] += text, true);
  process.exitCode = undefined;
  ended.push({ status: await kop(args), ...printed });
}
write(JSON.stringify(ended), () => process.exit(0));`;

const endings = z.array(z.object({ status: z.int(), stdout: z.string(), stderr: z.string() }));

function runAll(commands: readonly (readonly string[])[]): z.infer<typeof endings> {
  const program = new URL('program.js', pathToFileURL(kop)).href;
  const args = ['--input-type=module', '-e', DRIVER, program, JSON.stringify(commands)];
  return endings.parse(JSON.parse(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout));
}

interface Surroundings {
  readonly pack?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** `kop exporters`, from its first moment on. */
function launch(args: readonly string[] = [], { pack = smallPack, cwd, env }: Surroundings = {}) {
  const config = bench.write('pack.yaml', pack);
  const child = spawn(
    process.execPath,
    [kop, 'exporters', '--config.file', config, '--web.listen-address', '127.0.0.1:0', ...args],
    { stdio: ['ignore', 'ignore', 'pipe'], cwd, env },
  );
  children.push(child);
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    log += chunk;
  });
  return { child, log: () => log };
}

/** The same, once it has started. */
async function start(args: readonly string[] = [], surroundings: Surroundings = {}) {
  const { child, log } = launch(args, surroundings);
  const url = await eventually(() => (log().includes('msg=started') ? /url=(\S+)\//.exec(log())?.[1] : undefined));
  return { child, url, log };
}

/** With a trail, so that there is something to keep; its database is not there, and need not be. */
const packWithTrail = `${smallPack}teams: { compliance: { title: Compliance } }
auditTrails:
  ledger: { title: Ledger, portal: demo, team: compliance, database: { url: "postgres://auditor@127.0.0.1:1/ledger" } }
`;

/** Whether the first lines of ours have run. Of SIGHUP, because to SIGTERM Node listens from the beginning. */
function hearsSignals({ pid }: ChildProcess): boolean {
  const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${mask}`) & 1n) === 1n;
}

describe('kop', () => {
  it('says its version and what there is', () => {
    expect(run('--version')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect(runAll([['--help'], ['exporters', '--help'], ['help', 'exporters']])).toMatchObject([
      { status: 0, stdout: expect.stringMatching(/exporters .*\n.*check /) },
      { status: 0, stdout: expect.stringContaining('Examples:') },
      { status: 0, stdout: expect.stringContaining('--web.config.file') },
    ]);
  });

  const refused: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /Usage: kop/],
    [['chek'], /unknown command 'chek'\n\(Did you mean check\?\)/],
    [['exporters', 'workflow-sal'], /no exporter 'workflow-sal'; did you mean 'workflow-sla'\?/],
    [['exporters', 'zzz'], /no exporter 'zzz'; there are workflow-sla/],
    [['exporters', '--shard', '5/4'], /'5\/4' is no shard; expected index\/count/],
    [['exporters', '--web.listen-address', 'here'], /'here' is no listen address; expected host:port/],
    [['exporters', '--web.max-requests', '0'], /whole number from 1 to 10000/],
    [['exporters', '--log.level', 'loud'], /Allowed choices are debug, info, warn, error/],
    [['exporters', '--config.fil', 'x'], /unknown option '--config\.fil'\n\(Did you mean --config\.file\?\)/],
    [['exporters', '--config.file', '/nowhere.yaml'], /\/nowhere\.yaml: no such file or folder/],
  ];
  describe('refuses with 2', () => {
    let ended: ReturnType<typeof runAll> = [];
    beforeAll(() => {
      ended = runAll(refused.map(([args]) => args));
    });
    it.each(refused.map(([args, message], at) => ({ args, message, at })))('$args', ({ message, at }) => {
      expect(ended[at]).toMatchObject({ status: 2, stderr: expect.stringMatching(message) });
    });
  });

  describe('in a clone', () => {
    const call = callFrom({
      program: kop,
      root: join(kop, '../../..'),
      cwd: process.cwd(),
      path: process.env.PATH ?? '',
    });
    const good = bench.write('good.yaml', smallPack);
    const broken = bench.write('broken.yaml', 'portals: { demo: {} }\n');

    const commands: readonly (readonly [readonly string[], string])[] = [
      [['check', good], 'build to write'],
      [['check', broken], 'check again'],
      [['build', '--check', '--config.file', good, '--out', bench.folder], 'build and commit'],
      [['audit', 'verify'], 'audit keygen'],
      [['demo', 'fault', '--clear', '--admin', 'http://127.0.0.1:1/admin'], 'demo, or'],
      [['workflow', 'run', '--help'], 'workflow run client-list'],
    ];
    let ended: ReturnType<typeof runAll> = [];
    beforeAll(() => {
      ended = runAll(commands.map(([args]) => args));
    });
    it.each(commands.map(([args, verb], at) => ({ args, verb, at })))(
      '$args names only commands that work as they stand',
      ({ verb, at }) => {
        const { stdout = '', stderr = '' } = ended[at] ?? {};
        expect(stdout + stderr).toContain(`${call} ${verb}`);
        expect(withCalls(stdout + stderr, verbNames, call)).toBe(stdout + stderr);
      },
    );
  });

  it('checks configurations without running', () => {
    const good = bench.write('good.yaml', smallPack);
    const web = bench.write('good-web.yml', 'rate_limit: { interval: 1s, burst: 1 }\n');
    expect(run('exporters', '--config.check', '--config.file', good, '--web.config.file', web)).toMatchObject({
      status: 0,
      stdout: `${good}, ${web}: OK\n`,
    });
    const bad = bench.write('bad-web.yml', 'rate_limits: {}\n');
    expect(run('exporters', '--config.check', '--config.file', good, '--web.config.file', bad)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`${bad}:1:1: rate_limits: unknown key; did you mean 'rate_limit'?`),
    });
  });

  it('says what to do when the address is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const { status, stderr } = run(
      'exporters',
      '--config.file',
      bench.write('pack.yaml', smallPack),
      '--web.listen-address',
      `127.0.0.1:${port}`,
    );
    server.close();
    expect(status).toBe(2);
    expect(stderr).toContain(`127.0.0.1:${port} is in use; stop what listens there, or choose another address`);
  });
});

describe.skipIf(process.platform === 'win32')('a running kop exporters', () => {
  it('takes several addresses, and its share of the work, as flags', async () => {
    const { log, url } = await start(['--web.listen-address', '[::1]:0', '--shard', '1/2']);
    const urls = [...log().matchAll(/url=(\S+)\//g)].map(([, each]) => each ?? '');
    expect(urls).toEqual([url, expect.stringContaining('[::1]')]);
    for (const each of urls) expect(await (await fetch(`${each}/`)).text()).toContain('1/2');
  });

  it('reloads on SIGHUP', async () => {
    const { child, url, log } = await start();
    bench.write('pack.yaml', smallPack.replace('title', 'titel'));
    child.kill('SIGHUP');
    await eventually(() => (log().includes('reload failed') ? true : undefined));
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('kop_config_last_reload_successful 0');
  });

  it.skipIf(process.platform !== 'linux')('obeys after its start what was signalled during it', async () => {
    const { child, log } = launch();
    await eventually(() => (hearsSignals(child) ? true : undefined));
    child.kill('SIGHUP');
    expect(log()).not.toContain('msg=started');
    await eventually(() => (log().includes('reloaded') ? true : undefined));
    expect(log().indexOf('msg=started')).toBeLessThan(log().indexOf('reloaded'));
    expect(child.exitCode ?? child.signalCode).toBeNull();
  });

  it.skipIf(process.platform !== 'linux')('ends in order when it is asked to during its start', async () => {
    const { child, log } = launch();
    await eventually(() => (hearsSignals(child) ? true : undefined));
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    expect(log()).toContain('shutting down');
  });

  it('obeys what was signalled in the moment before it could', () => {
    const script = `
      import { holdSignals, obeySignals } from ${JSON.stringify(new URL(`file://${kop}/../../exporters/runtime/signals.js`))};
      holdSignals();
      process.kill(process.pid, 'SIGTERM');
      obeySignals({ log: { info() {} }, reload: async () => undefined, stop: async () => undefined });
      setTimeout(() => process.exit(3), 5000);`;
    expect(spawnSync(process.execPath, ['--input-type=module', '-e', script]).status).toBe(0);
  });

  it('is not cut short by a second SIGTERM, but by a second SIGINT', async () => {
    for (const [signal, expected] of [
      ['SIGTERM', [0, null]],
      ['SIGINT', [1, null]],
    ] as const) {
      const { child, url, log } = await start();
      // A request that is still being sent keeps the server open.
      const held = connect(Number(new URL(url).port), '127.0.0.1');
      held.on('error', () => {}).write('GET /metrics HTTP/1.1\r\n');
      await once(held, 'connect');
      const exited = once(child, 'exit');
      child.kill(signal);
      await eventually(() => (log().includes('shutting down') ? true : undefined));
      child.kill(signal);
      setTimeout(() => held.end('host: x\r\nconnection: close\r\n\r\n'), 300);
      expect(await exited).toEqual(expected);
    }
  });

  it('lets no second one keep its state in the same directory', async () => {
    const directory = bench.path('shared state');
    const flags = ['--state-directory', directory];
    const { child: first, url } = await start(flags, { pack: packWithTrail });
    const { child, log } = launch(flags, { pack: packWithTrail });
    expect(await once(child, 'close')).toEqual([2, null]);
    expect(log()).toContain(`another exporter (process ${first.pid} on `);
    expect(log()).toContain(`keeps its state in ${join(directory, 'audit-trail')}`);
    expect(log()).toContain('stop it, or give this one a directory of its own with --state-directory');
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('kop_state_writable{exporter="audit-trail"} 1');
  });

  it('lets no second one measure workflows on the same directory', async () => {
    const directory = bench.path('shared by workflows');
    const flags = ['workflow-sla', '--state-directory', directory];
    const { child: first } = await start(flags);
    const { child, log } = launch(flags);
    expect(await once(child, 'close')).toEqual([2, null]);
    expect(log()).toContain(`another exporter (process ${first.pid} on `);
    expect(log()).toContain(
      `runs workflow-sla on ${join(directory, 'workflow-sla')}, and two would measure everything twice`,
    );
    const ended = once(first, 'exit');
    first.kill();
    await ended;
    await start(flags);
  }, 60_000);

  it('lets another exporter and another shard use the directory of one that measures workflows', async () => {
    const flags = ['--state-directory', bench.path('shared by shards')];
    const shard = (which: string) => ['workflow-sla', ...flags, '--shard', which];
    await Promise.all([
      start(shard('1/2')),
      start(shard('2/2')),
      start(['audit-trail', ...flags], { pack: packWithTrail }),
    ]);
    expect(await once(launch(shard('2/2')).child, 'close')).toEqual([2, null]);
  }, 60_000);

  it('measures workflows where the directory that was named cannot be written, and says nothing of it: nothing is kept', async () => {
    const file = bench.write('no directory', '');
    const { url } = await start(['workflow-sla', '--state-directory', join(file, 'state')]);
    expect((await fetch(`${url}/-/ready`)).status).toBe(200);
    expect(await (await fetch(`${url}/metrics`)).text()).not.toContain('kop_state_writable{');
  });

  it('says in metric, readiness and log that its default directory cannot be written, wherever it is started', async () => {
    // Below a file, not even root can make a folder.
    const home = bench.write('home', '');
    const { KOP_STATE_DIRECTORY: _, STATE_DIRECTORY: __, XDG_STATE_HOME: ___, ...inherited } = process.env;
    const { url, log } = await start([], { pack: packWithTrail, cwd: '/', env: { ...inherited, HOME: home } });
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('kop_state_writable{exporter="audit-trail"} 0');
    const ready = await fetch(`${url}/-/ready`);
    expect(ready.status).toBe(503);
    const sentence = `the state cannot be kept in ${home}/.local/state/kop/audit-trail (the default): a part of the path is a file`;
    expect(await ready.text()).toContain(sentence);
    expect(await (await fetch(url)).text()).toContain('cannot be kept');
    expect(log()).toContain(sentence);
  });

  it('says that state of an earlier version is there and not read, and how to bring it over', async () => {
    const cwd = bench.path('work');
    const [found, directory] = [join(cwd, '.kop', 'audit-trail'), bench.path('new state')];
    mkdirSync(found, { recursive: true });
    writeFileSync(join(found, 'ledger.observer.json'), '{}');
    const { log } = await start(['--state-directory', directory], { pack: packWithTrail, cwd });
    const line = log()
      .split('\n')
      .find((each) => each.includes('state of an earlier version is not used'));
    expect(line).toContain('level=warn');
    expect(line).toContain(`found=${found} `);
    expect(line).toContain(
      `run cp -p ${join(found, 'ledger.observer.json')} '${join(directory, 'audit-trail')}/' and start it again`,
    );
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends in order on %s', async (signal) => {
    const { child, url } = await start();
    expect((await fetch(`${url}/-/healthy`)).status).toBe(200);
    const exited = once(child, 'exit');
    child.kill(signal);
    expect(await exited).toEqual([0, null]);
    await expect(fetch(`${url}/-/healthy`)).rejects.toThrow();
  });
});
