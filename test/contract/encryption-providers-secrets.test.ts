import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { boundsFor, ProviderMetrics } from '../../exporters/encryption/metrics.js';
import { ProbeEngine } from '../../exporters/encryption/probe/engine.js';
import { encodeJob, type ProbeJob } from '../../exporters/encryption/probe/plan.js';
import { probeSections } from '../../exporters/encryption/probe/sections.js';
import { dataKey } from '../../exporters/encryption/providers/data-key-cache.js';
import { makeProvider } from '../../exporters/encryption/providers/open.js';
import { describeError } from '../../exporters/runtime/log.js';
import { MetricStore } from '../../exporters/runtime/metrics/index.js';
import { Redactor } from '../../exporters/runtime/redactor.js';
import type { EncryptionProvider } from '../../pack/encryption/model.js';
import { probeJob, secret, somePortal } from '../support/encryption/domain.js';
import { json, scriptedServer } from '../support/encryption/http-server.js';
import { isInstalled } from '../support/encryption/moto.js';
import { startPgcrypto } from '../support/encryption/pgcrypto.js';
import { softHsmLibrary, softToken } from '../support/encryption/softhsm.js';
import type { BorrowedServer } from '../support/postgres/borrowed.js';

/** Unlike anything that would stand there by chance. */
const planted = 'Pl4nted-S3cret-Value';

const forms = [planted, Buffer.from(planted).toString('base64').replaceAll('=', ''), encodeURIComponent(planted)];

/** Everything that is said, shown or sent of a round with this provider, in which whatever can go wrong does. */
async function outlets(job: ProbeJob): Promise<string> {
  const redactor = new Redactor();
  const engine = new ProbeEngine(job, redactor, () => undefined);
  const provider = await makeProvider(job.provider, {
    portal: job.portal,
    timeoutMs: 1000,
    redactor: new Redactor(),
    stopping: new AbortController().signal,
  });
  const signal = new AbortController().signal;
  const said: string[] = [];
  const tried = async (work: () => unknown) => {
    try {
      said.push(inspect(await work(), { depth: 3 }));
    } catch (error) {
      said.push(describeError(error), inspect(error, { depth: 10, showHidden: true }), JSON.stringify(error));
    }
  };
  await tried(() => provider.open(signal));
  said.push(inspect(provider, { depth: 10, showHidden: true }));
  await tried(async () => void (await provider.encrypt(Buffer.from(planted), Buffer.from('place'), { signal })));
  await tried(() => provider.close());

  const result = await engine.round();
  const metrics = new ProviderMetrics(job, boundsFor([job]), new MetricStore());
  metrics.record(result);
  const sections = probeSections([{ job, last: result, outage: undefined, problem: undefined }], Date.now());
  for (const value of [result, sections, metrics.families(), job, encodeJob(job)]) {
    said.push(JSON.stringify(value), inspect(value, { depth: 10 }));
  }
  said.push(inspect(engine, { depth: 10, showHidden: true }));
  return said.join('\n');
}

async function expectNothingOf(job: ProbeJob) {
  const text = await outlets(job);
  for (const form of forms) expect(text).not.toContain(form);
  return text;
}

/** Answers with everything that it was sent, as debug pages and frameworks do. */
function echo(status: number, wrap: (text: string) => unknown) {
  return scriptedServer((request, response) => {
    json(response, status, wrap(`${JSON.stringify(request.headers)} ${request.body}`));
  });
}

describe('nothing secret leaves', () => {
  test.each([400, 403, 404, 500, 503])('transit, when the server repeats it in a %i', async (status) => {
    const server = await echo(status, (text) => ({ errors: [text, planted] }));
    const text = await expectNothingOf(
      probeJob({
        kind: 'transit',
        name: 'vault',
        address: server.url,
        mount: 'transit',
        key: 'canary',
        token: secret(planted),
        renewToken: true,
      }),
    );
    expect(text).toContain(`status ${status}`);
    expect(JSON.stringify(server.seen)).toContain(planted);
  });

  test.each([400, 422, 500])('the portal, when it repeats it in a %i', async (status) => {
    const server = await echo(status, (text) => ({ detail: text }));
    const portal = somePortal(server.url, {
      headers: { 'x-api-key': secret(planted) },
      auth: { kind: 'basic', username: secret('canary-user'), password: secret(planted) },
    });
    const provider: EncryptionProvider = {
      kind: 'endpoint',
      name: 'portal',
      encryptPath: '/e',
      decryptPath: '/d',
      authenticated: true,
      binds: 'context',
      deterministic: false,
    };
    await expectNothingOf(probeJob(provider, { portal }));
    expect(JSON.stringify(server.seen)).toContain(planted);
  });

  test.skipIf(!isInstalled('@aws-sdk/client-kms'))('AWS KMS, when the service repeats it', async () => {
    const server = await echo(400, (message) => ({ __type: 'ValidationException', message }));
    await expectNothingOf(
      probeJob({
        kind: 'kms',
        name: 'kms',
        region: 'eu-west-2',
        endpoint: server.url,
        keyId: 'canary',
        accessKeyId: secret('AKIACANARYCANARY'),
        secretAccessKey: secret(planted),
        dataKeyLifetimeMs: 1000,
        dataKeyMaxUses: 10,
      }),
    );
    expect(server.seen.length).toBeGreaterThan(0);
  });

  test.skipIf(softHsmLibrary === undefined)(
    'a token, when the PIN is wrong, which is tried once and not again for an hour',
    async () => {
      softToken('secrets', 'the-right-pin');
      const job = probeJob({
        kind: 'pkcs11',
        name: 'hsm',
        library: softHsmLibrary ?? '',
        tokenLabel: 'secrets',
        pin: secret(planted),
        keyLabel: 'canary',
        createKeys: true,
      });
      expect(await expectNothingOf(job)).toContain('CKR_PIN_INCORRECT');
      const engine = new ProbeEngine(job, new Redactor(), () => undefined);
      expect((await engine.round()).problem).toContain('CKR_PIN_INCORRECT');
      expect((await engine.round()).problem).toContain('it is tried again an hour later');
    },
  );
});

describe('nothing secret leaves a database', () => {
  let server: BorrowedServer;
  beforeAll(async () => {
    server = await startPgcrypto();
  });
  afterAll(() => server.close());

  const job = (over: Partial<Extract<EncryptionProvider, { kind: 'pgcrypto' }>>) =>
    probeJob({
      kind: 'pgcrypto',
      name: 'database',
      database: { url: secret(server.url), statementTimeoutMs: 5000, maxConnections: 1 },
      passphrase: secret(planted),
      options: '',
      deterministic: false,
      ...over,
    });

  test('whose function raises with its arguments', async () => {
    const text = await expectNothingOf(job({ functions: { encrypt: 'fields.shout', decrypt: 'fields.unseal' } }));
    expect(text).toContain('SQLSTATE P0001');
  });

  test('while it works', async () => {
    await expectNothingOf(job({}));
  });

  test('whose password is refused', async () => {
    const url = new URL(server.url);
    url.password = planted;
    await expectNothingOf(job({ database: { url: secret(url.href), statementTimeoutMs: 5000, maxConnections: 1 } }));
  });
});

test('the bytes of a data key are wiped when the key has been made of them', () => {
  const bytes = Buffer.alloc(32, 7);
  const made = dataKey(bytes, Buffer.from('wrapped'));
  expect(bytes.equals(Buffer.alloc(32))).toBe(true);
  expect(inspect(made, { depth: 10, showHidden: true })).not.toContain('07 07');
});
