import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { afterAll, afterEach, beforeAll, expect, it, onTestFinished } from 'vitest';
import { askHealth } from '../../exporters/runtime/http/healthcheck.js';
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
    broken: () => 'inner trouble',
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
    '503 Not healthy; restart this process: stuck: inner trouble\n',
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

/** Not synchronously: the server is in this process. */
async function kop(...args: readonly string[]): Promise<{ readonly status: number; readonly stderr: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../dist/cli/kop.js'), ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [status] = await once(child, 'close');
  return { status, stderr };
}
