import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { generate } from 'selfsigned';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLogger, Redactor } from '../../../../../exporters/runtime/log.js';
import { readWebConfig } from '../../../../../exporters/runtime/web/config.js';
import { WatchedWebConfig } from '../../../../../exporters/runtime/web/watched-config.js';
import { writeCertificates } from './certificates.js';

const folder = mkdtempSync(join(tmpdir(), 'kop-watched-'));
const certificates = join(folder, 'certificates');
const file = join(folder, 'web.yml');

beforeAll(async () => {
  mkdirSync(certificates);
  await writeCertificates(certificates);
  writeFileSync(file, 'tls_server_config: { cert_file: certificates/server.crt, key_file: certificates/server.key }\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a folder of certificates that can no longer be read', () => {
  const aside = join(folder, 'aside');
  // A test that runs as root cannot be denied anything, so EACCES itself is left to the two that end the same way.
  test.each<[string, () => void]>([
    ['ENOTDIR', () => writeFileSync(certificates, '')],
    ['ELOOP', () => symlinkSync('certificates', certificates)],
    ['ENOENT', () => {}],
  ])('leaves the last good state in force, and is said once: %s', (code, spoil) => {
    const lines: string[] = [];
    const log = createLogger({
      level: 'info',
      format: 'logfmt',
      redactor: new Redactor(),
      write: (line) => void lines.push(line),
    });
    const watched = new WatchedWebConfig(file, log);
    const good = watched.current();
    renameSync(certificates, aside);
    try {
      spoil();
      for (let request = 0; request < 3; request += 1) expect(watched.current(), code).toBe(good);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain('the old one stays in force');
    } finally {
      rmSync(certificates, { force: true });
      renameSync(aside, certificates);
    }
    expect(watched.current()).toEqual(good);
    expect(lines[1]).toContain('web configuration taken up');
  });
});

describe('a change that takes protection away waits for a restart', () => {
  const tls = 'cert_file: certificates/server.crt, key_file: certificates/server.key';
  const users = `basic_auth_users: { p: ${hashSync('x', 4)} }\n`;
  const whole = `tls_server_config: { ${tls}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: certificates/ca.crt }\n${users}`;
  test.each<[string, string, string]>([
    ['an empty file', '', 'no TLS (tls_server_config) and no passwords (basic_auth_users)'],
    ['a comment alone', '# nothing\n', 'no TLS (tls_server_config) and no passwords (basic_auth_users)'],
    ['a file that is half written', whole.slice(0, whole.indexOf('basic_auth')), 'no passwords (basic_auth_users)'],
    ['no TLS any more', users, 'no TLS (tls_server_config)'],
    [
      'clients without certificates',
      `tls_server_config: { ${tls} }\n${users}`,
      'no client certificates (client_auth_type)',
    ],
  ])('%s', (_, text, lost) => {
    const path = join(folder, 'strict.yml');
    writeFileSync(path, whole);
    const lines: string[] = [];
    const write = (line: string) => void lines.push(line);
    const watched = new WatchedWebConfig(
      path,
      createLogger({ level: 'info', format: 'logfmt', redactor: new Redactor(), write }),
    );
    const good = watched.current();
    writeFileSync(path, text);
    for (let request = 0; request < 3; request += 1) expect(watched.current()).toBe(good);
    expect(lines).toEqual([expect.stringContaining(`it has ${lost} any more. If that is meant, restart the exporter`)]);
    // More protection, or another password, is taken up at once.
    writeFileSync(path, whole.replace('p:', 'q:'));
    expect([...watched.current().users.keys()]).toEqual(['q']);
  });
});

describe('what is allowed and probably not meant is said', () => {
  const remarksOf = (text: string): readonly string[] => {
    const path = join(folder, 'odd.yml');
    writeFileSync(path, text);
    return readWebConfig(path).remarks;
  };
  const tls = 'cert_file: certificates/server.crt, key_file: certificates/server.key';

  test('nothing of an ordinary one', () => {
    const ca = `client_auth_type: RequireAndVerifyClientCert, client_ca_file: certificates/ca.crt`;
    expect(remarksOf(`tls_server_config: { ${tls}, ${ca} }\nbasic_auth_users: { p: ${hashSync('x', 4)} }\n`)).toEqual(
      [],
    );
  });

  test.each([
    ['RequireAndVerifyClientCert', /without client_ca_file trusts the public authorities/],
    ['VerifyClientCertIfGiven', /without client_ca_file trusts the public authorities/],
    ['RequireAnyClientCert', /checks no certificate: anybody can make one/],
  ])('client authentication %s without an authority', (type, remark) => {
    expect(remarksOf(`tls_server_config: { ${tls}, client_auth_type: ${type} }\n`)).toEqual([
      expect.stringMatching(remark),
    ]);
  });

  test('an expired certificate', async () => {
    const day = 86_400_000;
    const old = await generate([{ name: 'commonName', value: 'old' }], {
      keyType: 'ec',
      notBeforeDate: new Date(Date.now() - 2 * day),
      notAfterDate: new Date(Date.now() - day),
    });
    writeFileSync(join(folder, 'old.crt'), old.cert);
    writeFileSync(join(folder, 'old.key'), old.private);
    expect(remarksOf('tls_server_config: { cert_file: old.crt, key_file: old.key }\n')).toEqual([
      expect.stringMatching(/^the server's certificate expired on .*: clients that check it do not connect$/),
    ]);
  });

  test('a bcrypt cost that no scrape waits for', () => {
    const hash = (cost: number) => `$2b$${cost}$${'a'.repeat(53)}`;
    expect(remarksOf(`basic_auth_users: { fine: ${hash(12)} }\n`)).toEqual([]);
    expect(remarksOf(`basic_auth_users: { slow: ${hash(18)} }\n`)).toEqual([
      "the bcrypt cost 18 of user 'slow' takes about 15 s for each new password, longer than a scrape waits; htpasswd -nBC 10 makes one of cost 10",
    ]);
  });

  test('a certificate file that is a device is refused', () => {
    expect(() => remarksOf('tls_server_config: { cert_file: /dev/zero, key_file: certificates/server.key }\n')).toThrow(
      'tls_server_config.cert_file: /dev/zero is a device',
    );
  });
});
