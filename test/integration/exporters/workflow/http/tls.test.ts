import { execFileSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Tls } from '../../../../../pack/index.js';
import { authority, type Certificate, certificate, fileOf } from '../../../../support/workflow/certificates.js';
import { job, secret, step } from '../../../../support/workflow/domain.js';
import { runOnce, stepOf, TestEngine, verdictOf } from '../../../../support/workflow/engine.js';
import { httpServer, httpsServer, json } from '../../../../support/workflow/server.js';
import { timeTravel } from '../../../../support/workflow/time.js';

const DAY_MS = 86_400_000;
const plain: Tls = { minVersion: 'TLSv1.2', insecureSkipVerify: false };

let ca: Certificate;
let caFile: string;
let leaf: Certificate;

beforeAll(async () => {
  ca = await authority();
  caFile = fileOf('ca.pem', ca.cert);
  leaf = await certificate({ issuer: ca });
});

async function run(server: Certificate, tls: Partial<Tls>, expectation = {}) {
  const { url } = await httpsServer(server, (_, response) => json(response, {}));
  const steps = [step({ expect: { ...step().expect, ...expectation } })];
  return runOnce(job(url, { portal: { tls: { ...plain, ...tls } }, workflow: { steps } }));
}

describe('who the portal is', () => {
  test('its own authority is trusted when it is named', async () => {
    const result = await run(leaf, { caFile });
    expect(verdictOf(result)).toBe('ok');
    expect(stepOf(result).phases.tls).toBeGreaterThan(0);
    expect(stepOf(result).certificateExpirySeconds).toBeCloseTo((Date.now() + 90 * DAY_MS) / 1000, -3);
  });

  test('an unknown authority', async () => {
    expect(verdictOf(await run(leaf, {}))).toMatch(
      /^tls: localhost: unknown certificate authority .*tls\.caFile, or let/,
    );
  });

  test('signed by itself', async () => {
    expect(verdictOf(await run(await certificate(), {}))).toMatch(/^tls: localhost: self-signed certificate/);
  });

  test('expired yesterday', async () => {
    const old = await certificate({
      issuer: ca,
      notBefore: new Date(Date.now() - 9 * DAY_MS),
      notAfter: new Date(Date.now() - DAY_MS),
    });
    expect(verdictOf(await run(old, { caFile }))).toBe(
      'tls: localhost: the certificate has expired (CERT_HAS_EXPIRED)',
    );
  });

  test('not valid before tomorrow', async () => {
    const early = await certificate({ issuer: ca, notBefore: new Date(Date.now() + DAY_MS) });
    expect(verdictOf(await run(early, { caFile }))).toMatch(/^tls: localhost: the certificate is not valid yet/);
  });

  test('for another host, unless that is the name to look for', async () => {
    const other = await certificate({ issuer: ca, names: ['portal.test'], addresses: [] });
    expect(verdictOf(await run(other, { caFile }))).toMatch(/^tls: localhost: the certificate is for another name/);
    expect(verdictOf(await run(other, { caFile, serverName: 'portal.test' }))).toBe('ok');
  });

  test('anybody, when verification is off', async () => {
    expect(verdictOf(await run(await certificate({ names: ['else.test'] }), { insecureSkipVerify: true }))).toBe('ok');
  });

  test('an old version of TLS', async () => {
    const { url } = await httpsServer({ ...leaf, maxVersion: 'TLSv1.2' }, (_, response) => json(response, {}));
    const result = await runOnce(job(url, { portal: { tls: { ...plain, caFile, minVersion: 'TLSv1.3' } } }));
    expect(stepOf(result).reason).toBe('tls');
  });

  test('no TLS at all', async () => {
    const server = await httpServer((_, response) => json(response, {}));
    const result = await runOnce(job(`https://localhost:${server.port}`));
    expect(verdictOf(result)).toMatch(/^tls: .*this is not TLS .*is the base URL really https/);
  });

  test('files that are not there', async () => {
    expect(verdictOf(await run(leaf, { caFile: '/nowhere/ca.pem' }))).toMatch(
      /^exporter: the portal's tls files cannot be used: \/nowhere\/ca\.pem does not exist/,
    );
  });

  test('a pipe, a device or a huge file in place of one hangs nobody', async () => {
    const pipe = fileOf('pipe', '');
    rmSync(pipe);
    execFileSync('mkfifo', [pipe]);
    const huge = fileOf('huge.pem', '');
    truncateSync(huge, 1024 ** 4);
    expect(verdictOf(await run(leaf, { caFile: pipe }))).toContain(`cannot be used: ${pipe} is a pipe`);
    expect(verdictOf(await run(leaf, { caFile: '/dev/zero' }))).toContain('cannot be used: /dev/zero is a device');
    expect(verdictOf(await run(leaf, { caFile: huge }))).toContain(`cannot be used: ${huge} is larger than 1 MiB`);
  });

  test('an intermediate that is not sent', async () => {
    const intermediate = await certificate({
      issuer: ca,
      isAuthority: true,
      commonName: 'Test intermediate',
      names: ['intermediate.test'],
      addresses: [],
    });
    const under = await certificate({ issuer: intermediate });
    expect(verdictOf(await run(under, { caFile }))).toMatch(
      /^tls: localhost: incomplete chain \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\): the certificate of its issuer \(.*Test intermediate.*\) was not sent/,
    );
    const whole = { key: under.key, cert: `${under.cert}\n${intermediate.cert}` };
    expect(verdictOf(await run(whole, { caFile }))).toBe('ok');
  });
});

describe('who we are', () => {
  const mutual = async () =>
    httpsServer({ ...leaf, ca: ca.cert, requestCert: true, rejectUnauthorized: true }, (_, response) =>
      json(response, {}),
    );

  test('a client certificate opens the door', async () => {
    const client = await certificate({ issuer: ca, names: ['prober'] });
    const tls = {
      ...plain,
      caFile,
      certFile: fileOf('client.pem', client.cert),
      keyFile: fileOf('client.key', client.key),
    };
    expect(verdictOf(await runOnce(job((await mutual()).url, { portal: { tls } })))).toBe('ok');
  });

  test('a key may have a passphrase, which is never told', async () => {
    const client = await certificate({ issuer: ca, names: ['prober'] });
    const encrypted = createPrivateKey(client.key).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'open-sesame-7',
    });
    const tls = {
      ...plain,
      caFile,
      certFile: fileOf('client.pem', client.cert),
      keyFile: fileOf('client.key', String(encrypted)),
    };
    const { url } = await mutual();
    expect(
      verdictOf(await runOnce(job(url, { portal: { tls: { ...tls, keyPassphrase: secret('open-sesame-7') } } }))),
    ).toBe('ok');
    const wrong = await runOnce(job(url, { portal: { tls: { ...tls, keyPassphrase: secret('wrong-sesame-8') } } }));
    expect(wrong).toMatchObject({ verdict: 'uncertain', uncertain: 'client-certificate' });
    expect(JSON.stringify(wrong)).not.toContain('wrong-sesame-8');
    const without = await runOnce(job(url, { portal: { tls } }));
    expect(without).toMatchObject({ verdict: 'uncertain', uncertain: 'client-certificate' });
  });

  const kinds = [
    ['of the same kind', 'ec'],
    ['of another kind', 'rsa'],
  ] as const;
  test.each(kinds)('while a new certificate has no key %s yet, the last pair is kept, and told', async (_, keyType) => {
    const passTime = timeTravel();
    const old = await certificate({ issuer: ca, names: ['prober'] });
    const next = await certificate({ ...(keyType === 'ec' ? { issuer: ca } : {}), names: ['prober'], keyType });
    const certFile = fileOf('client.pem', old.cert);
    const keyFile = fileOf('client.key', old.key);
    const visit = job((await mutual()).url, { portal: { tls: { ...plain, caFile, certFile, keyFile } } });
    const engine = new TestEngine([visit]);
    const problem = () => engine.engine.state().portals[0]?.tlsProblem;
    expect(verdictOf(await engine.run(visit))).toBe('ok');
    for (const spoil of [() => writeFileSync(certFile, next.cert), () => rmSync(keyFile)]) {
      spoil();
      passTime(61_000);
      expect(verdictOf(await engine.run(visit))).toBe('ok');
      expect(problem()).toMatch(/tls files cannot be used/);
    }
    writeFileSync(keyFile, next.key);
    passTime(2000);
    await engine.run(visit);
    expect(problem()).toBeUndefined();
  });

  test('a pair that never fitted says nothing of the portal', async () => {
    const [one, other] = await Promise.all([certificate({ issuer: ca }), certificate({ issuer: ca })]);
    const tls = {
      ...plain,
      caFile,
      certFile: fileOf('client.pem', one.cert),
      keyFile: fileOf('client.key', other.key),
    };
    const result = await runOnce(job((await mutual()).url, { portal: { tls } }));
    expect(verdictOf(result)).toMatch(/^exporter: .*tls\.keyFile does not belong to the certificate of tls\.certFile$/);
    expect(result).toMatchObject({ verdict: 'uncertain', uncertain: 'client-certificate' });
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('without one it stays shut, reason tls, with %s', async (version) => {
    const { url } = await httpsServer(
      { ...leaf, ca: ca.cert, requestCert: true, rejectUnauthorized: true, minVersion: version, maxVersion: version },
      (_, response) => json(response, {}),
    );
    const result = await runOnce(job(url, { portal: { tls: { ...plain, caFile } } }));
    expect(stepOf(result).reason).toBe('tls');
  });
});

describe('what is said of the portal is not said of others', () => {
  /** A portal that wants a token, and the endpoint that gives it: two origins. */
  async function withTokens(portalCertificate: Certificate, endpointCertificate: Certificate, tls: Partial<Tls>) {
    const names: unknown[] = [];
    const asking = { ca: ca.cert, requestCert: true, rejectUnauthorized: false };
    const seen = (request: IncomingMessage) => {
      if (request.socket instanceof TLSSocket) names.push(request.socket.getPeerCertificate().subject?.CN);
    };
    const endpoint = await httpsServer({ ...endpointCertificate, ...asking }, (request, response) => {
      seen(request);
      json(response, { access_token: 'token-of-the-endpoint' });
    });
    const portal = await httpsServer({ ...portalCertificate, ...asking }, (request, response) => {
      seen(request);
      json(response, {});
    });
    const result = await runOnce(
      job(portal.url, {
        portal: {
          tls: { ...plain, ...tls },
          auth: {
            kind: 'oauth2',
            tokenUrl: `${endpoint.url}/token`,
            clientId: secret('probe'),
            clientSecret: secret('secret-of-the-client'),
            clientAuthentication: 'body',
            timeoutMs: 5000,
          },
        },
        workflow: { authenticated: true },
      }),
    );
    return { result, endpoint, names };
  }

  test('insecureSkipVerify: a token endpoint that nobody can verify is not sent the client secret', async () => {
    const { result, endpoint } = await withTokens(await certificate(), await certificate(), {
      insecureSkipVerify: true,
    });
    expect(verdictOf(result)).toMatch(/^tls: login: localhost: self-signed certificate/);
    expect(endpoint.requests).toEqual([]);
  });

  test('serverName: a token endpoint has its own, and caFile vouches for both', async () => {
    const named = await certificate({ issuer: ca, names: ['portal.test'], addresses: [] });
    const { result } = await withTokens(named, leaf, { caFile, serverName: 'portal.test' });
    expect(verdictOf(result)).toBe('ok');
  });

  test('the client certificate: it is shown to the portal, not to a token endpoint', async () => {
    const client = await certificate({ issuer: ca, names: ['prober'] });
    const { result, names } = await withTokens(leaf, leaf, {
      caFile,
      certFile: fileOf('client.pem', client.cert),
      keyFile: fileOf('client.key', client.key),
    });
    expect(verdictOf(result)).toBe('ok');
    expect(names).toEqual([undefined, 'prober']);
  });

  test('insecureSkipVerify: an origin that a redirect leads to is verified', async () => {
    const away = await httpsServer(await certificate(), (_, response) => json(response, {}));
    const portal = await httpsServer(await certificate(), (_, response) => {
      response.writeHead(302, { location: `${away.url}/look` }).end();
    });
    const visit = job(portal.url, { portal: { tls: { ...plain, insecureSkipVerify: true } } });
    const network = { ...visit.portal.network, redirectOrigins: [away.url] };
    const result = await runOnce({ ...visit, portal: { ...visit.portal, network } });
    expect(verdictOf(result)).toMatch(/^tls: localhost: self-signed certificate/);
    expect(away.requests).toEqual([]);
  });
});

describe('days left', () => {
  test('are those of the intermediate that expires before the rest of the chain', async () => {
    const intermediate = await certificate({
      issuer: ca,
      isAuthority: true,
      commonName: 'Test intermediate',
      names: ['intermediate.test'],
      addresses: [],
      notAfter: new Date(Date.now() + 7 * DAY_MS),
    });
    const under = await certificate({ issuer: intermediate });
    const chain = { key: under.key, cert: `${under.cert}\n${intermediate.cert}` };
    const result = await run(chain, { caFile }, { certificateDaysLeft: 30 });
    expect(verdictOf(result)).toBe('tls: the certificate expires in 7.0 days, expected at least 30');
    expect(stepOf(result).certificateExpirySeconds).toBeCloseTo((Date.now() + 7 * DAY_MS) / 1000, -3);
  });

  test('are those of the chain that is verified; another that was sent is told apart', async () => {
    // As Let's Encrypt did in 2021: the same authority, once by itself and once signed by another that expires.
    const older = await authority();
    const crossed = await certificate({
      issuer: older,
      isAuthority: true,
      commonName: 'Test authority',
      names: ['authority.test'],
      addresses: [],
      keysOf: ca,
      notAfter: new Date(Date.now() + 3 * DAY_MS),
    });
    const chain = { key: leaf.key, cert: `${leaf.cert}\n${crossed.cert}` };
    const result = await run(chain, { caFile }, { certificateDaysLeft: 30 });
    expect(verdictOf(result)).toBe('ok');
    expect(stepOf(result).certificateExpirySeconds).toBeCloseTo((Date.now() + 90 * DAY_MS) / 1000, -3);
    expect(stepOf(result).otherCertificateExpirySeconds).toBeCloseTo((Date.now() + 3 * DAY_MS) / 1000, -3);
  });

  test('are told of one that nobody else can say anything about', async () => {
    expect(stepOf(await run(leaf, { caFile })).otherCertificateExpirySeconds).toBeUndefined();
  });

  test('of a certificate signed by itself', async () => {
    const result = await run(await certificate(), { insecureSkipVerify: true });
    expect(stepOf(result).certificateExpirySeconds).toBeCloseTo((Date.now() + 90 * DAY_MS) / 1000, -3);
  });

  test('of a chain that ends before its root', async () => {
    const result = await run(leaf, { insecureSkipVerify: true });
    expect(stepOf(result).certificateExpirySeconds).toBeCloseTo((Date.now() + 90 * DAY_MS) / 1000, -3);
  });

  test.each([
    [30, 'ok'],
    [120, 'tls: the certificate expires in 90.0 days, expected at least 120'],
  ])('at least %i', async (certificateDaysLeft, verdict) => {
    expect(verdictOf(await run(leaf, { caFile }, { certificateDaysLeft }))).toBe(verdict);
  });

  test('of no certificate', async () => {
    const { url } = await httpServer((_, response) => json(response, {}));
    const steps = [step({ expect: { ...step().expect, certificateDaysLeft: 1 } })];
    expect(verdictOf(await runOnce(job(url, { workflow: { steps } })))).toBe(
      'tls: there is no certificate: the answer came without TLS',
    );
  });
});
