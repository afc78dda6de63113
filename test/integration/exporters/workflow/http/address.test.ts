import dns, { type LookupAddress, type LookupAllOptions } from 'node:dns';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { ourNameServers } from '../../../../../exporters/runtime/portal/http/name-servers.js';
import { lookupsAtOnce } from '../../../../../exporters/runtime/portal/http/resolve.js';
import type { Network } from '../../../../../pack/index.js';
import { job, step } from '../../../../support/workflow/domain.js';
import { runOnce, stepOf, verdictOf } from '../../../../support/workflow/engine.js';
import { deadPort, httpServer, json } from '../../../../support/workflow/server.js';

const known = {
  addresses: [] as LookupAddress[],
  /** Takes over the answer when it returns true. */
  hang: (_host: string, _answer: () => void): boolean => false,
  error: undefined as NodeJS.ErrnoException | undefined,
};

// What a resolver answers cannot be arranged on the machine that runs the tests.
const { lookup } = dns;
beforeAll(() => {
  Object.assign(dns, {
    lookup: (
      host: string,
      options: LookupAllOptions,
      found: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
    ) => {
      // Servers of the tests look up their own addresses.
      if (!host.endsWith('.test')) return lookup(host, options, found);
      const answer = () => found(known.error ?? null, known.addresses);
      if (!known.hang(host, answer)) queueMicrotask(answer);
    },
  });
  syncBuiltinESMExports();
});
afterAll(() => {
  Object.assign(dns, { lookup });
  syncBuiltinESMExports();
});

const v4: LookupAddress = { address: '127.0.0.1', family: 4 };
const v6: LookupAddress = { address: '::1', family: 6 };

afterEach(() => {
  known.addresses = [];
  known.hang = () => false;
  known.error = undefined;
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

describe('several addresses, as RFC 8305 says', () => {
  const dead: LookupAddress = { address: '127.0.0.2', family: 4 };
  /** Never answers and never refuses: TEST-NET-1 is routed nowhere. */
  const silent: LookupAddress = { address: '192.0.2.1', family: 4 };

  test('a dead one is passed over at once, and shown', async () => {
    known.addresses = [dead, v4];
    const server = await httpServer((_, response) => json(response, {}));
    const result = await runOnce(job(`http://portal.test:${server.port}`));
    expect(verdictOf(result)).toBe('ok');
    expect(stepOf(result).facts).toMatchObject({
      address: '127.0.0.1',
      addresses: '127.0.0.2 failed, 127.0.0.1 connected',
    });
    expect(stepOf(result).addresses.map(({ outcome }) => outcome)).toEqual(['failed', 'connected']);
    expect(result.log.map(({ message }) => message).join()).toContain('connection refused');
  });

  test('beside one that is silent the next is tried after a quarter of a second', async () => {
    known.addresses = [silent, v4];
    const server = await httpServer((_, response) => json(response, {}));
    const result = await runOnce(job(`http://portal.test:${server.port}`));
    expect(verdictOf(result)).toBe('ok');
    // Where the network refuses at once, it is a dead one.
    expect(stepOf(result).addresses[0]?.outcome).toMatch(/^(overtaken|failed)$/);
    expect(stepOf(result).addresses[1]).toMatchObject({ address: '127.0.0.1', outcome: 'connected' });
  });

  test('all are named when none connects', async () => {
    known.addresses = [dead, v4];
    const port = await deadPort();
    expect(verdictOf(await runOnce(job(`http://portal.test:${port}`)))).toMatch(
      /^connect: 127\.0\.0\.2:\d+: connection refused .*; 127\.0\.0\.1:\d+: connection refused /,
    );
  });

  test('a name with one address is as before', async () => {
    known.addresses = [v4];
    const server = await httpServer((_, response) => json(response, {}));
    expect(stepOf(await runOnce(job(`http://portal.test:${server.port}`))).facts).not.toHaveProperty('addresses');
  });
});

test('a resolver that says ENOTFOUND has answered', async () => {
  known.error = Object.assign(new Error('ENOTFOUND'), { code: 'ENOTFOUND' });
  const result = await runOnce(job('http://portal.test:1'));
  expect(result).toMatchObject({ verdict: 'missed' });
  expect(verdictOf(result)).toBe('dns: portal.test does not resolve (ENOTFOUND)');
});

describe('names that hang', () => {
  /** Takes all threads until it is called. */
  const takeThreads = (port: number) => {
    const release: (() => void)[] = [];
    known.hang = (host, answer) => host.startsWith('hangs') && release.push(answer) > 0;
    known.addresses = [v4];
    const hanging = Array.from({ length: lookupsAtOnce }, (_, index) =>
      runOnce(job(`http://hangs${index}.test:${port}`, { workflow: { steps: [step({ timeoutMs: 10 })] } })),
    );
    return async () => {
      for (const answer of release) answer();
      await Promise.all(hanging);
    };
  };

  test.each([
    ['has the whole time after it', { timeoutMs: 120 }, 60, 10_000, 'missed', 'timeout: no end after 120 ms'],
    // The deadline of a scrape cannot be moved.
    ['is cut off by a scrape', {}, 60, 120, 'uncertain', 'exporter: no end after 120 ms, and for'],
  ])('a portal that %s is judged by that', async (_, options, waitMs, timeoutMs, verdict, message) => {
    const server = await httpServer(() => {});
    const release = takeThreads(server.port);
    setTimeout(() => void release(), waitMs);
    const url = `http://portal.test:${server.port}`;
    const result = await runOnce(job(url, { workflow: { slaSeconds: 5, steps: [step(options)] } }), { timeoutMs });
    expect(result).toMatchObject({ verdict });
    expect(verdictOf(result)).toContain(message);
    // Its own time, without that in our queue.
    if (verdict === 'missed') expect(result.durationSeconds).toBeGreaterThan(0.115);
    else expect(result).toMatchObject({ uncertain: 'dns-queue', durationSeconds: 0 });
  });

  test.each([
    [true, { verdict: 'missed' }, 'timeout: the run had not ended after 3 s'],
    [
      false,
      { verdict: 'uncertain', uncertain: 'network' },
      'exporter: portal.test: no name server of this machine answers; see /etc/resolv.conf',
    ],
  ])('until the deadline are ours only where no name server works: %s', async (work, verdict, message) => {
    const asked = vi.spyOn(ourNameServers, 'work').mockResolvedValue(work);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let release: (() => void) | undefined;
    onTestFinished(() => {
      vi.useRealTimers();
      asked.mockRestore();
      release?.();
    });
    known.hang = (_host, answer) => {
      release = answer;
      return true;
    };
    const running = runOnce(job('http://portal.test:1', { workflow: { schedule: { timeoutMs: 3000 } } }));
    await vi.waitUntil(() => release !== undefined, { interval: 5, timeout: 10_000 });
    await vi.advanceTimersByTimeAsync(2000);
    expect(asked).toHaveBeenCalledWith('portal.test');
    vi.advanceTimersByTime(1000);
    const result = await running;
    expect(verdictOf(result)).toBe(message);
    expect(result).toMatchObject(verdict);
  });

  test('and a portal that has used up the SLA since has missed it', async () => {
    const server = await httpServer(() => {});
    const release = takeThreads(server.port);
    setTimeout(() => void release(), 30);
    const workflow = { slaSeconds: 0.05, steps: [step()] };
    const result = await runOnce(job(`http://portal.test:${server.port}`, { workflow }), { timeoutMs: 200 });
    expect(result).toMatchObject({ verdict: 'missed' });
    expect(verdictOf(result)).toBe('timeout: no end after 200 ms');
  });

  test('of another portal are our fault, and take no time of this one', async () => {
    const release: (() => void)[] = [];
    onTestFinished(() => {
      for (const answer of release) answer();
    });
    known.hang = (host, answer) => {
      if (!host.startsWith('hangs')) return false;
      release.push(answer);
      return true;
    };
    known.addresses = [v4];
    const server = await httpServer((_, response) => json(response, {}));
    const steps = [step({ timeoutMs: 100 })];
    const others = Array.from({ length: lookupsAtOnce }, (_, index) =>
      runOnce(job(`http://hangs${index}.test:${server.port}`, { workflow: { steps } })),
    );
    const result = await runOnce(job(`http://portal.test:${server.port}`, { workflow: { steps } }));
    expect(result).toMatchObject({ verdict: 'uncertain', uncertain: 'dns-queue' });
    expect(verdictOf(result)).toMatch(/^exporter: the name of portal\.test was not looked up, because .*hangs0\.test/);
    expect(stepOf(result).phases.dns ?? 0).toBe(0);
    // Those whose own names hang are judged.
    for (const other of await Promise.all(others)) expect(verdictOf(other)).toBe('timeout: no end after 100 ms');
    for (const answer of release) answer();
    expect(verdictOf(await runOnce(job(`http://portal.test:${server.port}`)))).toBe('ok');
  });
});
