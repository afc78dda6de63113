import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { createConnection } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import { hashSync } from 'bcryptjs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { InvalidWebConfig } from '../../exporters/runtime/web/problems.js';
import { type Certificates, writeCertificates } from '../unit/exporters/runtime/web/certificates.js';
import { Workbench } from './runtime-support.js';

const bench = new Workbench();
let certificates: Certificates;

beforeAll(async () => {
  certificates = await writeCertificates(bench.folder);
});
afterEach(() => bench.stopAll());
afterAll(() => bench.remove());

const tls = 'tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n';

async function serve(web: string) {
  const { addresses } = await bench.run({ webConfigFile: bench.write('web.yml', web) });
  return { port: addresses[0]?.port ?? 0 };
}

/** A request on a connection of its own. */
function ask(port: number, options: ConnectionOptions = {}): Promise<{ readonly status: number | undefined }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: 'localhost', port, path: '/-/healthy', agent: false, ca: certificates.ca, family: 4, ...options },
      (response) => response.resume().on('end', () => resolve({ status: response.statusCode })),
    );
    outgoing.on('error', reject).end();
  });
}

describe('TLS', () => {
  it('is spoken with those who trust the authority, and nothing else is spoken', async () => {
    const { port } = await serve(tls);
    expect((await ask(port)).status).toBe(200);
    await expect(ask(port, { ca: [] })).rejects.toThrow(/self-signed|unable to/);
    await expect(fetch(`http://127.0.0.1:${port}/-/healthy`)).rejects.toThrow();
  });

  it('keeps to the versions and suites that are configured', async () => {
    const { port } = await serve(
      `${tls}  min_version: TLS12\n  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n`,
    );
    const protocol = await new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, ca: certificates.ca, servername: 'localhost' }, () => {
        resolve([socket.getProtocol(), socket.getCipher().name]);
        socket.destroy();
      });
      socket.on('error', reject);
    });
    expect(protocol).toEqual(['TLSv1.2', 'ECDHE-ECDSA-AES256-GCM-SHA384']);
    await expect(ask(port, { minVersion: 'TLSv1.3' })).rejects.toThrow();
  });

  it('takes up a renewed certificate without a restart, and keeps the old one when the new one is broken', async () => {
    const { port } = await serve(tls);
    const before = await shownCertificate(port);
    writeFileSync(bench.path('server.crt'), 'broken');
    expect(await shownCertificate(port)).toBe(before);
    expect(bench.log.join('')).toContain('the old one stays in force');
    certificates = await writeCertificates(bench.folder);
    expect(await shownCertificate(port)).not.toBe(before);
  });

  it('can be turned on and off while running', async () => {
    const { port } = await serve('{}\n');
    expect((await fetch(`http://127.0.0.1:${port}/-/healthy`)).status).toBe(200);
    bench.write('web.yml', tls);
    expect((await ask(port)).status).toBe(200);
    bench.write('web.yml', '# plain again\n');
    expect((await fetch(`http://127.0.0.1:${port}/-/healthy`)).status).toBe(200);
  });

  it('is not held up by clients that connect and say nothing', async () => {
    const { port } = await serve(tls);
    const silent = Array.from({ length: 20 }, () => createConnection(port, '127.0.0.1').on('error', () => undefined));
    expect((await ask(port)).status).toBe(200);
    await bench.stopAll();
    for (const socket of silent) socket.destroy();
  });

  it('with a bad file does not start', async () => {
    await expect(serve('tls_server_config: { cert_file: server.crt }\n')).rejects.toThrow(InvalidWebConfig);
  });
});

function shownCertificate(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

describe('client certificates', () => {
  const ca = '  client_ca_file: ca.crt\n';
  /** Who comes in: nobody's certificate, one of a stranger, one of the authority. */
  it.each([
    ['NoClientCert', '', [true, true, true]],
    ['RequestClientCert', ca, [true, true, true]],
    ['RequireAnyClientCert', ca, [false, true, true]],
    ['VerifyClientCertIfGiven', ca, [true, false, true]],
    ['RequireAndVerifyClientCert', ca, [false, false, true]],
  ])('under %s', async (policy, authority, admitted) => {
    const { port } = await serve(`${tls}${authority}  client_auth_type: ${policy}\n`);
    const clients = [{}, certificates.stranger, certificates.client];
    const answers = await Promise.allSettled(clients.map((client) => ask(port, client)));
    expect(answers.map(({ status }) => status === 'fulfilled')).toEqual(admitted);
  });

  it('must carry an allowed name', async () => {
    const policy = `${tls}${ca}  client_auth_type: RequireAndVerifyClientCert\n`;
    const { port } = await serve(`${policy}  client_allowed_sans: [prometheus.example]\n`);
    expect((await ask(port, certificates.client)).status).toBe(200);
    bench.write('web.yml', `${policy}  client_allowed_sans: [somebody.else, prometheus]\n`);
    await expect(ask(port, certificates.client)).rejects.toThrow();
    expect(bench.log.join('')).toContain('none of its names is in client_allowed_sans');
  });

  it('are asked for from the moment that the file says so', async () => {
    const { port } = await serve(tls);
    expect((await ask(port)).status).toBe(200);
    bench.write('web.yml', `${tls}${ca}  client_auth_type: RequireAndVerifyClientCert\n`);
    await expect(ask(port)).rejects.toThrow();
    expect((await ask(port, certificates.client)).status).toBe(200);
  });
});

describe('users, headers and rate limit', () => {
  const users = `basic_auth_users:\n  prometheus: ${hashSync('right', 4)}\n`;

  it('stand before every path but those of health, and a changed password counts at once', async () => {
    const { url } = await bench.run({ webConfigFile: bench.write('web.yml', users) });
    const status = async (path: string, password?: string) => {
      const authorization = `Basic ${Buffer.from(`prometheus:${password}`).toString('base64')}`;
      return (await fetch(url + path, password === undefined ? {} : { headers: { authorization } })).status;
    };
    for (const path of ['/', '/metrics', '/probe', '/-/reload', '/nowhere']) expect(await status(path)).toBe(401);
    for (const path of ['/-/healthy', '/-/ready']) expect(await status(path)).toBe(200);
    expect(await status('/-/healthy', 'wrong')).toBe(401);
    expect(await status('/metrics', 'wrong')).toBe(401);
    expect(await status('/metrics', 'right')).toBe(200);
    bench.write('web.yml', `basic_auth_users:\n  prometheus: ${hashSync('changed', 4)}\n`);
    expect(await status('/metrics', 'right')).toBe(401);
    expect(await status('/metrics', 'changed')).toBe(200);
    bench.write('web.yml', 'basic_auth_users: { prometheus: typing-error }\n');
    expect(await status('/metrics')).toBe(401);
  });

  it('ask for the password by name', async () => {
    const { url } = await bench.run({ webConfigFile: bench.write('web.yml', users) });
    const { headers } = await fetch(url);
    expect(headers.get('www-authenticate')).toBe('Basic realm="kop", charset="UTF-8"');
  });

  it('replace our headers by the configured ones', async () => {
    const web = `http_server_config:
  headers: { Content-Security-Policy: "default-src 'self'", X-Frame-Options: sameorigin, Strict-Transport-Security: max-age=1 }
`;
    const { url } = await bench.run({ webConfigFile: bench.write('web.yml', web) });
    for (const path of ['/', '/metrics']) {
      const { headers } = await fetch(url + path);
      expect(headers.get('content-security-policy')).toBe("default-src 'self'");
      expect(headers.get('x-frame-options')).toBe('sameorigin');
      expect(headers.get('strict-transport-security')).toBe('max-age=1');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  it('let a burst through and no more', async () => {
    const { url } = await bench.run({
      webConfigFile: bench.write('web.yml', 'rate_limit: { interval: 1h, burst: 2 }\n'),
    });
    const statuses: number[] = [];
    for (let turn = 0; turn < 3; turn += 1) statuses.push((await fetch(`${url}/metrics`)).status);
    expect(statuses).toEqual([200, 200, 429]);
  });
});
