import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { afterAll, afterEach, beforeAll, expect, it, onTestFinished } from 'vitest';
import { askHealth } from '../../exporters/runtime/http/healthcheck.js';
import { describeProcess } from '../../exporters/runtime/state/lock.js';
import { announce } from '../../exporters/runtime/state/running.js';
import { writeCertificates } from '../unit/exporters/runtime/web/certificates.js';
import { exporter, Workbench } from './runtime-support.js';

const bench = new Workbench();

beforeAll(() => writeCertificates(bench.folder));
afterEach(() => bench.stopAll());
afterAll(() => bench.remove());

const tls = 'tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n';
const mutual = '  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n';
const users = `basic_auth_users: { prometheus: "${hashSync('letmein', 4)}" }\n`;

it.each([
  ['plain HTTP', undefined],
  ['a password', users],
  ['TLS', tls],
  ['TLS 1.2', `${tls}  max_version: TLS12\n`],
  ['TLS and a password', tls + users],
  ['client certificates', tls + mutual],
  ['client certificates and TLS 1.2', `${tls}${mutual}  max_version: TLS12\n`],
])('an exporter with %s is alive', async (_, web) => {
  const { addresses } = await bench.run(web === undefined ? {} : { webConfigFile: bench.write('web.yml', web) });
  const port = addresses[0]?.port ?? 0;
  expect(await askHealth({ port }, 5000)).toEqual({ healthy: true });
  expect(await kop('healthcheck', '--web.listen-address', `:${port}`)).toEqual({ status: 0, stderr: '' });
});

it('an exporter that only a restart helps is not, behind a password either, and tells strangers no reason', async () => {
  const stuck = exporter({
    name: 'stuck',
    broken: () => 'inner error',
    ready: () => ({ ready: false, reason: 'x' }),
  });
  const web = `${users}rate_limit: { interval: 1h, burst: 1 }\n`;
  const { url, addresses } = await bench.run({ factories: [stuck], webConfigFile: bench.write('web.yml', web) });
  const port = addresses[0]?.port ?? 0;
  const unhealthy = { healthy: false, reason: '/-/healthy answers with status 503' };
  expect(await askHealth({ port }, 5000)).toEqual(unhealthy);
  const ask = async (path: string, user?: string) => {
    const headers = user === undefined ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` };
    const answer = await fetch(`${url}${path}`, { headers });
    expect(answer.headers.get('x-frame-options')).toBe('deny');
    return `${answer.status} ${await answer.text()}`;
  };
  expect(await ask('/-/healthy')).toBe('503 Not healthy; restart this process: who logs in is told why\n');
  expect(await ask('/-/ready')).toBe('503 Not ready: who logs in is told why\n');
  // The rate limit is for what a password protects.
  expect(await ask('/-/healthy', 'prometheus:letmein')).toBe(
    '503 Not healthy; restart this process: stuck: inner error\n',
  );
  expect(await ask('/metrics')).toMatch(/^429 /);
  expect(await askHealth({ port }, 5000)).toEqual(unhealthy);
});

it('nobody is not', async () => {
  const port = await listening(createServer().on('connection', (socket) => socket.destroy()));
  expect(await kop('healthcheck', '--web.listen-address', `127.0.0.1:${port}`)).toEqual({
    status: 1,
    stderr: `no answer from 127.0.0.1:${port}: ECONNRESET\n`,
  });
});

it('who accepts and says nothing is not', async () => {
  const port = await listening(createServer());
  expect(await askHealth({ port }, 200)).toEqual({
    healthy: false,
    reason: `no answer from 127.0.0.1:${port}: ETIMEDOUT`,
  });
});

it('asks the running exporter where it listens, and says 2 where nobody knows which', async () => {
  const { addresses } = await bench.run();
  const folder = join(bench.folder, 'announced');
  const env = { XDG_RUNTIME_DIR: folder, TMPDIR: folder };
  const ask = (...args: readonly string[]) => kopIn(env, 'healthcheck', ...args);
  const announced = await announce(
    { stateDirectory: folder, exporters: ['x'], configFiles: [], address: `127.0.0.1:${addresses[0]?.port}` },
    env,
  );
  onTestFinished(() => announced.withdraw());
  expect(await ask()).toEqual({ status: 0, stderr: '' });
  // Another one, which does not answer.
  const other = { ...(await describeProcess(process.ppid)), stateDirectory: '', exporters: [], configFiles: [] };
  const path = join(folder, 'kop', `exporter-${process.ppid}.json`);
  writeFileSync(path, JSON.stringify({ ...other, address: '127.0.0.1:1' }));
  expect(await ask('--process', String(process.pid))).toEqual({ status: 0, stderr: '' });
  expect(await ask('--process', String(process.ppid))).toMatchObject({ status: 1 });
  expect(await ask()).toEqual({ status: 2, stderr: expect.stringMatching(/^several exporters run here; .*:1\b/) });
  expect(await ask('--process', '1')).toMatchObject({ status: 2 });
});

it('the container asks with the command that there is', async () => {
  const file = readFileSync('deploy/Dockerfile', 'utf8');
  const [, written = ''] = /^HEALTHCHECK(?:.*\\\n)?\s*CMD (\[.*\])$/m.exec(file) ?? [];
  const [node, script, ...args]: string[] = JSON.parse(written);
  expect([node, script]).toEqual(['node', 'dist/cli/kop.js']);
  expect(args[0]).toBe('healthcheck');
  const { addresses } = await bench.run({ webConfigFile: bench.write('web.yml', tls) });
  expect((await kop(...args, '--web.listen-address', `:${addresses[0]?.port}`)).status).toBe(0);
  // It is the port that the container listens on when nobody says another.
  expect(file).toContain('CMD ["exporters", "--web.listen-address", ":9464"]');
  expect((await kop('healthcheck', '--help')).status).toBe(0);
});

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

type Ended = { readonly status: number; readonly stderr: string };

function kop(...args: readonly string[]): Promise<Ended> {
  return kopIn({}, ...args);
}

/** Not synchronously: the server is in this process. */
async function kopIn(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../dist/cli/kop.js'), ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [status] = await once(child, 'close');
  return { status, stderr };
}
