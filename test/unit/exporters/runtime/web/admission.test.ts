import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { afterAll, describe, expect, it } from 'vitest';
import { type Logger, silentLogger } from '../../../../../exporters/runtime/log.js';
import { PasswordCheck } from '../../../../../exporters/runtime/web/basic-auth.js';
import { carriesAllowedName, subjectAltNames } from '../../../../../exporters/runtime/web/client-names.js';
import { RateLimiter } from '../../../../../exporters/runtime/web/rate-limiter.js';
import { WatchedWebConfig } from '../../../../../exporters/runtime/web/watched-config.js';

const folder = mkdtempSync(join(tmpdir(), 'kop-watched-'));
afterAll(() => rmSync(folder, { recursive: true }));

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

describe('basic auth', () => {
  const users = new Map([['ann', hashSync('pässword:1', 4)]]);

  it.each([
    ['the right one', basic('ann', 'pässword:1'), 'admitted'],
    ['a wrong password', basic('ann', 'other'), 'refused'],
    ['an unknown user', basic('bob', 'pässword:1'), 'refused'],
    ['nothing', undefined, 'refused'],
    ['another scheme', 'Bearer abc', 'refused'],
    ['no colon', `Basic ${Buffer.from('ann').toString('base64')}`, 'refused'],
    ['no Base64', 'Basic ###', 'refused'],
  ])('given %s', async (_what, header, verdict) => {
    const auth = new PasswordCheck();
    expect(await auth.check(header, users)).toBe(verdict);
    expect(await auth.check(header, users)).toBe(verdict);
  });

  it('asks nobody when there are no users', async () => {
    expect(await new PasswordCheck().check(undefined, new Map())).toBe('admitted');
  });

  it('forgets a password when its hash changes', async () => {
    const auth = new PasswordCheck();
    expect(await auth.check(basic('ann', 'pässword:1'), users)).toBe('admitted');
    expect(await auth.check(basic('ann', 'pässword:1'), new Map([['ann', hashSync('new', 4)]]))).toBe('refused');
    expect(await auth.check(basic('ann', 'pässword:1'), new Map([['bob', hashSync('new', 4)]]))).toBe('refused');
  });

  it('compares once for many at the same time, and turns a crowd of guesses away', async () => {
    const auth = new PasswordCheck();
    const same = await Promise.all(Array.from({ length: 50 }, () => auth.check(basic('ann', 'pässword:1'), users)));
    expect(new Set(same)).toEqual(new Set(['admitted']));
    const guesses = await Promise.all(
      Array.from({ length: 50 }, (_, guess) => auth.check(basic('ann', `${guess}`), users)),
    );
    expect(new Set(guesses)).toEqual(new Set(['refused', 'busy']));
  });

  it('takes as long for an unknown user as for a known one', async () => {
    const slow = new Map([['ann', hashSync('right', 8)]]);
    const auth = new PasswordCheck();
    const time = async (user: string) => {
      const samples: number[] = [];
      for (let sample = 0; sample < 5; sample += 1) {
        const startedAt = performance.now();
        await auth.check(basic(user, `wrong-${sample}`), slow);
        samples.push(performance.now() - startedAt);
      }
      return samples.sort((a, b) => a - b)[2] ?? 0;
    };
    await time('warm-up');
    const ratio = (await time('ann')) / (await time('nobody'));
    expect(ratio).toBeGreaterThan(0.4);
    expect(ratio).toBeLessThan(2.5);
  });
});

describe('the rate limit', () => {
  it('lets a burst through, then one an interval', () => {
    let now = 0;
    const limiter = new RateLimiter(() => now);
    const limit = { intervalMs: 100, burst: 2 };
    expect([1, 2, 3].map(() => limiter.admits(limit))).toEqual([true, true, false]);
    now = 99;
    expect(limiter.admits(limit)).toBe(false);
    now = 100;
    expect([1, 2].map(() => limiter.admits({ ...limit }))).toEqual([true, false]);
    now = 10_000;
    expect([1, 2, 3].map(() => limiter.admits(limit))).toEqual([true, true, false]);
    expect(limiter.admits(undefined)).toBe(true);
  });
});

describe('names of a client certificate', () => {
  it('are read one by one, quoted ones too', () => {
    const subjectAltName =
      'DNS:prometheus.example, IP Address:0:0:0:0:0:0:0:1, IP Address:10.0.0.1, email:a@b.example, URI:"http://x/?a=1, DNS:admin"';
    expect(subjectAltNames({ subjectAltName })).toEqual([
      'prometheus.example',
      '::1',
      '10.0.0.1',
      'a@b.example',
      'http://x/?a=1, DNS:admin',
    ]);
    expect(carriesAllowedName({ subjectAltName }, ['0:0:0:0:0:0:0:1'])).toBe(true);
    expect(carriesAllowedName({ subjectAltName }, ['admin'])).toBe(false);
    expect(carriesAllowedName({ subjectAltName: undefined }, ['admin'])).toBe(false);
  });
});

describe('a watched web configuration', () => {
  it('is taken up when it changes, and stays when the change is bad', () => {
    const file = join(folder, 'web.yml');
    let tick = 1_700_000_000;
    const write = (text: string) => {
      writeFileSync(file, text);
      tick += 1;
      utimesSync(file, tick, tick);
    };
    const errors: string[] = [];
    const log: Logger = { ...silentLogger, error: (message) => errors.push(message) };
    write('http_server_config: { headers: { X-Frame-Options: deny } }\n');
    const source = new WatchedWebConfig(file, log);
    const first = source.current();
    expect(source.current()).toBe(first);
    write('http_server_config: { headers: { X-Frame-Options: sameorigin } }\n');
    expect(source.current().headers).toEqual({ 'X-Frame-Options': 'sameorigin' });
    write('http_server_config: { heders: {} }\n');
    expect(source.current().headers).toEqual({ 'X-Frame-Options': 'sameorigin' });
    source.current();
    expect(errors).toHaveLength(1);
    rmSync(file);
    expect(source.current().headers).toEqual({ 'X-Frame-Options': 'sameorigin' });
    write('{}\n');
    expect(source.current().headers).toEqual({});
  });
});
