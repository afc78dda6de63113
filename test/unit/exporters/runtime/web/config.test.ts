import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readWebConfig } from '../../../../../exporters/runtime/web/config.js';
import { parseGoDuration } from '../../../../../exporters/runtime/web/go-duration.js';
import { InvalidWebConfig } from '../../../../../exporters/runtime/web/problems.js';
import { writeCertificates } from './certificates.js';

const fixtures = join(import.meta.dirname, '../../../../fixtures/runtime/web-config');
const folder = mkdtempSync(join(tmpdir(), 'kop-web-'));

beforeAll(async () => {
  await writeCertificates(folder);
  // Beside the certificates, so that nothing but the one thing is wrong with each.
  for (const name of readdirSync(fixtures)) copyFileSync(join(fixtures, name), join(folder, name));
});
afterAll(() => rmSync(folder, { recursive: true }));

function problemsOf(name: string): string {
  try {
    readWebConfig(join(folder, name));
  } catch (error) {
    if (error instanceof InvalidWebConfig) return error.message.replaceAll(`${folder}/`, '');
    throw error;
  }
  return 'no problem';
}

const expected: Readonly<Record<string, RegExp>> = {
  'unknown-section': /^\S+:1:1: tls_config: unknown key; /,
  'unknown-tls-key': /:3:3: tls_server_config\.key_fle: unknown key; did you mean 'key_file'\?/,
  'unknown-http-key': /:2:3: http_server_config\.http3: unknown key; did you mean 'http2'\?/,
  'not-a-map': /:1:1: the file holds a list; expected a map/,
  syntax: /:1:20: this \{ is never closed; expected a \} for it$/,
  'duplicate-key': /:2:1: .*rate_limit/,
  'missing-cert': /:1:1: tls_server_config\.cert_file: TLS needs cert_file or cert/,
  'missing-key': /:1:1: tls_server_config\.key_file: TLS needs key_file or key/,
  'cert-twice': /:2:9: tls_server_config\.cert: cert and cert_file cannot both be given/,
  'cert-file-absent': /:2:14: tls_server_config\.cert_file: absent\.crt does not exist\n.*:3:13: .*absent\.key/,
  'cert-unreadable': /tls_server_config\.cert_file: cannot be used: /,
  'client-auth-type': /:4:21: tls_server_config\.client_auth_type: .*expected one of NoClientCert/,
  'client-ca-without-policy': /client_auth_type: a client CA is given, but client_auth_type NoClientCert never asks/,
  'sans-without-policy': /:5:24: .*client_allowed_sans needs client_auth_type RequireAnyClientCert or/,
  'min-version-old': /:4:16: tls_server_config\.min_version: TLS 1\.0 and 1\.1 are not supported here/,
  'max-version-unknown': /:4:16: tls_server_config\.max_version: .*expected TLS12 or TLS13/,
  'versions-crossed': /:4:16: .*min_version is above max_version/,
  'cipher-unknown': /:5:7: tls_server_config\.cipher_suites\[0\]: .*expected one of TLS_AES_128_GCM_SHA256/,
  'curve-unsupported': /:4:31: tls_server_config\.curve_preferences\[1\]: .*expected one of X25519, CurveP256/,
  'prefer-not-boolean': /:4:32: .*expected true or false/,
  'header-unknown': /:3:13: http_server_config\.headers\.Server: this header cannot be configured/,
  'header-value': /:3:22: http_server_config\.headers\.X-Frame-Options: .*expected deny or sameorigin/,
  'header-newline': /:3:32: .*a character that a header cannot carry/,
  'password-plain': /:2:15: basic_auth_users\.prometheus: this value is not valid; expected a bcrypt hash/,
  'user-colon': /:2:10: basic_auth_users\.a:b: a user name cannot hold a colon/,
  'rate-interval': /:2:13: rate_limit\.interval: .*expected a duration such as 500ms/,
  'rate-burst': /rate_limit\.burst: burst 0 would refuse every request/,
};

describe('a web configuration', () => {
  it.each(Object.entries(expected))('that is bad by %s says where and what', (name, message) => {
    expect(problemsOf(`${name}.bad.yml`)).toMatch(message);
  });

  it('has a fixture for each of these rules, and no other', () => {
    const names = readdirSync(fixtures).filter((name) => name.endsWith('.bad.yml'));
    expect(names.map((name) => name.replace('.bad.yml', '')).sort()).toEqual(Object.keys(expected).sort());
  });

  it('never repeats a value, because some are secrets', () => {
    expect(problemsOf('password-plain.bad.yml')).not.toContain('correct-horse');
    expect(problemsOf('cert-unreadable.bad.yml')).not.toMatch(/no key|no certificate/);
  });

  it('gives headers, users and rate limit', () => {
    const config = readWebConfig(join(folder, 'full.good.yml'));
    expect(config.headers).toEqual({
      'Content-Security-Policy': "default-src 'self'",
      'X-Frame-Options': 'sameorigin',
      'X-Content-Type-Options': 'nosniff',
      'Strict-Transport-Security': 'max-age=31536000',
    });
    expect([...config.users.keys()]).toEqual(['prometheus']);
    expect(config.rateLimit).toEqual({ intervalMs: 90_500, burst: 20 });
    expect(config.tls).toBeUndefined();
    expect(config.remarks).toEqual([expect.stringContaining('http2')]);
  });

  it('may be empty, which is said', () => {
    expect(readWebConfig(join(folder, 'empty.good.yml'))).toMatchObject({
      headers: {},
      users: new Map(),
      remarks: ['the file is empty: no TLS, and no password is asked for'],
    });
  });

  it('takes cipher suites without losing TLS 1.3, and curves by their names in Go', () => {
    const file = join(folder, 'policy.yml');
    writeFileSync(
      file,
      `tls_server_config:
  cert_file: server.crt
  key_file: server.key
  cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]
  curve_preferences: [CurveP256, X25519]
  prefer_server_cipher_suites: false
  client_auth_type: RequireClientCert
`,
    );
    const { tls, files } = readWebConfig(file);
    expect(tls?.context).toMatchObject({
      ciphers:
        'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE-ECDSA-AES256-GCM-SHA384',
      ecdhCurve: 'P-256:X25519',
      honorCipherOrder: false,
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
    });
    expect(tls?.clientAuth).toBe('RequireAnyClientCert');
    expect(files).toEqual([file, join(folder, 'server.crt'), join(folder, 'server.key')]);
  });

  it('says when the file itself cannot be read', () => {
    expect(problemsOf('nowhere.yml')).toBe(
      'nowhere.yml: it does not exist; expected a file that exists and can be read',
    );
  });
});

describe('a Go duration', () => {
  it.each([
    ['1s', 1000],
    ['1m30s', 90_000],
    ['500ms', 500],
    ['1.5h', 5_400_000],
    ['0', 0],
    [1_000_000, 1],
    ['1 s', undefined],
    ['s', undefined],
    ['-1s', undefined],
    [1.5, undefined],
  ])('%j is %s ms', (text, ms) => {
    expect(parseGoDuration(text)).toBe(ms);
  });
});
