import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import type { Network } from '../../../../../pack/index.js';
import { job } from '../../../../support/workflow/domain.js';
import { runOnce, stepOf, verdictOf } from '../../../../support/workflow/engine.js';
import { httpServer, json } from '../../../../support/workflow/server.js';

const known = vi.hoisted(() => ({ addresses: [] as LookupAddress[] }));

// What a resolver answers cannot be arranged on the machine that runs the tests.
vi.mock('node:dns', async (original) => ({
  ...(await original<typeof import('node:dns')>()),
  lookup: (_host: string, _options: object, callback: (error: null, addresses: LookupAddress[]) => void) =>
    callback(null, known.addresses),
}));

const v4: LookupAddress = { address: '127.0.0.1', family: 4 };
const v6: LookupAddress = { address: '::1', family: 6 };

afterEach(() => {
  known.addresses = [];
});

const cases: [preference: Network['ipPreference'], addresses: LookupAddress[], taken: string][] = [
  ['any', [v4, v6], '127.0.0.1'],
  ['ipv4', [v6, v4], '127.0.0.1'],
  ['ipv4-only', [v6, v4], '127.0.0.1'],
  ['ipv6', [v4], '127.0.0.1'],
  ['ipv6-only', [v4], 'dns: portal.test has no address for ipPreference ipv6-only'],
  ['ipv4-only', [v6], 'dns: portal.test has no address for ipPreference ipv4-only'],
  ['any', [], 'dns: portal.test has no address for ipPreference any'],
];

test.each(cases)('%s of %j takes %s', async (ipPreference, addresses, taken) => {
  known.addresses = addresses;
  const server = await httpServer((_, response) => json(response, {}));
  const network = { ipPreference, proxy: 'none', http2: true, maxHeaderBytes: 16_384, redirectOrigins: [] } as const;
  const result = await runOnce(job(`http://portal.test:${server.port}`, { portal: { network } }));
  expect(stepOf(result).facts.address ?? verdictOf(result)).toBe(taken);
});

test.each([
  ['ipv6', [v4, v6]],
  ['ipv6-only', [v4, v6]],
  ['any', [v6, v4]],
] as const)('%s of %j goes over IPv6', async (ipPreference, addresses) => {
  known.addresses = [...addresses];
  const port = await overIpv6();
  const network = { ipPreference, proxy: 'none', http2: true, maxHeaderBytes: 16_384, redirectOrigins: [] } as const;
  const result = await runOnce(job(`http://portal.test:${port}`, { portal: { network } }));
  expect(stepOf(result)).toMatchObject({ outcome: 'ok', facts: { address: '::1' } });
});

test('an IPv6 address may be the portal itself', async () => {
  const result = await runOnce(job(`http://[::1]:${await overIpv6()}`));
  expect(stepOf(result)).toMatchObject({ outcome: 'ok', facts: { address: '::1' } });
});

async function overIpv6(): Promise<number> {
  const server = createServer((_, response) => json(response, {})).listen(0, '::1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

test('only one address is tried, so that a broken one shows', async () => {
  known.addresses = [{ address: '127.0.0.2', family: 4 }, v4];
  const server = await httpServer((_, response) => json(response, {}));
  const result = await runOnce(job(`http://portal.test:${server.port}`));
  expect(stepOf(result).reason).toBe('connect');
  expect(server.connections).toBe(0);
});
