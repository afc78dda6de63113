/**
 * The first run, as a newcomer has it: an ordinary user with an empty npm configuration, a clean clone, `npm ci`, `npm start`.
 * Then the same without each optional package, and without all of them. The last commit is what is tried.
 *
 * As root it makes a user for it and removes that user again; otherwise it tries as who calls it.
 */
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const PACKAGES = ['pkcs11js', '@aws-sdk/client-kms'];
const READY_WITHIN_MS = 300_000;
const GONE_WITHIN_MS = 20_000;
/** Tests that touch an optional package; whoever lacks one must pass them too. */
const TESTS = [
  'test/contract/encryption-providers.test.ts',
  'test/contract/encryption-providers-secrets.test.ts',
  'test/contract/optional-packages.test.ts',
];

const base = mkdtempSync(join(tmpdir(), 'kop-first-run-'));
chmodSync(base, 0o755);
const user = newUser();
const home = join(base, 'home');
const temp = join(base, 'tmp');
const clone = join(home, 'pack');
const aside = join(base, 'aside');

/** Nothing of the caller's, save for what the network of this machine needs. */
const env = {
  HOME: home,
  USER: user?.name ?? process.env.USER ?? '',
  TMPDIR: temp,
  LANG: 'C.UTF-8',
  PATH: ordinaryPath(),
  npm_config_globalconfig: join(base, 'no-npmrc'),
  ...kept('NODE_EXTRA_CA_CERTS', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'),
};

try {
  prepare();
  await main();
} finally {
  await endAll();
  if (user !== undefined) execFileSync('userdel', [user.name], { stdio: 'ignore' });
  rmSync(base, { recursive: true, force: true });
}

async function main() {
  await step('npm ci', () => npm('ci', '--no-progress'));
  for (const name of PACKAGES) {
    console.log(`   ${name} ${existsSync(folderOf(name)) ? 'was installed' : 'was left out by npm'}`);
  }
  await step('npm start, SIGTERM to npm', () => startAndEnd());
  for (const name of PACKAGES) {
    const back = without(name);
    await step(`npm start without ${name}`, () => startAndEnd('--no-prometheus', '--no-grafana'));
    back();
  }
  for (const name of PACKAGES) without(name);
  await step('types without any of them', () => npm('run', '--silent', 'typecheck'));
  await step('tests without any of them', () =>
    run('node', ['node_modules/vitest/vitest.mjs', 'run', '--project', 'integration', '--testTimeout=60000', ...TESTS]),
  );
  // As README has it.
  const pruned = ['prune', '--omit=dev', '--omit=optional', '--omit=peer', '--workspaces=false'];
  await step(`npm ${pruned.join(' ')}`, () => npm(...pruned));
  await step('kop check without any optional package', () => run('npx', ['kop', 'check', '--skip-secrets']));
  await step('npx kop exporters without any optional package, SIGTERM to npx', () => serveAndEnd());
}

/** @param {string} what @param {() => Promise<unknown>} work */
async function step(what, work) {
  const startedAt = Date.now();
  await work();
  console.log(`   ${what}: fine after ${((Date.now() - startedAt) / 1000).toFixed(0)} s`);
}

/** @param {string[]} args */
async function startAndEnd(...args) {
  rmSync(join(clone, 'dist'), { recursive: true, force: true });
  const given = ['--ports', 'any', ...args];
  const { child, said } = background('npm', ['start', '--', ...given]);
  await until('it says that it is ready', READY_WITHIN_MS, child, said, () => /^Ready after /m.test(said()));
  await endWell(child, said);
}

async function serveAndEnd() {
  const args = ['kop', 'exporters', '--web.listen-address', '127.0.0.1:0', '--log.level', 'info'];
  const { child, said } = background('npx', args, {
    KINGSTON_PROBE_EMAIL: 'a@example.com',
    KINGSTON_PROBE_PASSWORD: 'unused',
  });
  await until('it says that it started', READY_WITHIN_MS, child, said, () => said().includes('msg=started'));
  await endWell(child, said);
}

/**
 * SIGTERM to npm alone, as a supervisor sends it.
 *
 * @param {import('node:child_process').ChildProcess} child @param {() => string} said
 */
async function endWell(child, said) {
  child.kill('SIGTERM');
  await until(
    'nothing is left',
    GONE_WITHIN_MS,
    undefined,
    said,
    () => left().length === 0,
    () => left().join('\n'),
  );
  const files = readdirSync(temp).filter((name) => name.startsWith('kop-') && !name.startsWith('kop-pg-binaries'));
  // Where exporters announce themselves; empty when none runs.
  const announced = files.filter((name) => readdirSync(join(temp, name)).length > 0);
  if (announced.length > 0) throw new Error(`left in the temporary folder: ${announced.join(', ')}`);
  if (existsSync(join(clone, '.kop'))) throw new Error('.kop is left');
}

function prepare() {
  mkdirSync(home);
  // PostgreSQL's files go there, and it must be private.
  mkdirSync(temp, { mode: 0o700 });
  mkdirSync(aside);
  for (const folder of [home, temp, aside]) own(folder);
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', root, clone]);
  if (user !== undefined) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, home]);
}

function newUser() {
  if (process.getuid?.() !== 0) return undefined;
  const name = `kop-first-${process.pid}`;
  execFileSync('useradd', ['--no-create-home', '--home-dir', join(base, 'home'), '--shell', '/bin/sh', name]);
  const id = (/** @type {string} */ flag) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { name, uid: id('-u'), gid: id('-g') };
}

/** @param {string} folder */
function own(folder) {
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
}

/** Where Node is, and what every system has; nothing of the caller's own folders. */
function ordinaryPath() {
  return [...new Set([dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'])].join(delimiter);
}

/** @param {string[]} names */
function kept(...names) {
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

/** @param {string} name */
function folderOf(name) {
  return join(clone, 'node_modules', name);
}

/** Takes the package away; the returned function brings it back. @param {string} name */
function without(name) {
  const from = folderOf(name);
  const to = join(aside, name.replaceAll('/', '+'));
  if (!existsSync(from)) return () => undefined;
  renameSync(from, to);
  return () => renameSync(to, from);
}

/** @param {string[]} args */
function npm(...args) {
  return run('npm', args);
}

/** @param {string} file @param {string[]} args */
async function run(file, args) {
  const { child, said } = background(file, args);
  const code = await new Promise((resolve) => child.once('close', (given, signal) => resolve(given ?? signal)));
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${code}:\n${said()}`);
}

/** @param {string} file @param {string[]} args @param {Record<string, string>} more */
function background(file, args, more = {}) {
  const child = spawn(file, args, {
    cwd: clone,
    env: { ...env, ...more },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
  }
  return { child, said: () => said };
}

/**
 * @param {string} what @param {number} withinMs
 * @param {import('node:child_process').ChildProcess | undefined} child whose early end ends the wait.
 * @param {() => string} said @param {() => boolean} holds
 */
async function until(what, withinMs, child, said, holds, more = () => '') {
  const deadline = Date.now() + withinMs;
  while (!holds()) {
    if (child !== undefined && child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}:\n${said()}`);
    if (Date.now() > deadline) throw new Error(`not within ${withinMs / 1000} s: ${what}\n${more()}\n${said()}`);
    await sleep(100);
  }
}

/** Command lines of what still runs from the clone. */
function left() {
  return processes().map(({ command }) => command);
}

function processes() {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      const isOurs = user === undefined ? command.includes(base) : status.includes(`\nUid:\t${user.uid}\t`);
      return isOurs && !/^State:\tZ/m.test(status) ? [{ pid: Number(pid), command }] : [];
    } catch {
      return [];
    }
  });
}

async function endAll() {
  for (let round = 0; round < 50 && processes().length > 0; round += 1) {
    for (const { pid } of processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    await sleep(100);
  }
}
