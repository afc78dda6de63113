import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as Pkcs11 from 'pkcs11js';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { runRound } from '../../../../exporters/encryption/probe/round.js';
import { PinGuard } from '../../../../exporters/encryption/providers/pin-guard.js';
import { Pkcs11Cipher } from '../../../../exporters/encryption/providers/pkcs11.js';
import { SecretText } from '../../../../pack/index.js';
import { fieldEncryption, secret, somePortal } from '../../../support/encryption/domain.js';
import { exporterOf, total } from '../../../support/encryption/exporter.js';
import { isInstalled } from '../../../support/encryption/moto.js';
import { softHsmLibrary } from '../../../support/encryption/softhsm.js';

const SO_PIN = '12345678';
const PIN = '4711-canary-pin';

interface Tokens {
  readonly folder: string;
  readonly config: string;
  util(...args: readonly string[]): void;
  make(pin?: string): void;
}

/** A folder of tokens of its own. The library reads its path when it is initialised, so one is in use at a time. */
function tokens(): Tokens {
  const home = mkdtempSync(join(tmpdir(), 'kop-softhsm-faults-'));
  const folder = join(home, 'tokens');
  mkdirSync(folder);
  const config = join(home, 'softhsm2.conf');
  writeFileSync(config, `directories.tokendir = ${folder}\nobjectstore.backend = file\nlog.level = ERROR\n`);
  const before = process.env.SOFTHSM2_CONF;
  process.env.SOFTHSM2_CONF = config;
  onTestFinished(() => {
    if (before === undefined) delete process.env.SOFTHSM2_CONF;
    else process.env.SOFTHSM2_CONF = before;
    rmSync(home, { recursive: true, force: true });
  });
  const util = (...args: readonly string[]) =>
    void execFileSync('softhsm2-util', args, { stdio: 'ignore', env: { ...process.env, SOFTHSM2_CONF: config } });
  return {
    folder,
    config,
    util,
    make: (pin = PIN) => util('--init-token', '--free', '--label', 'canaries', '--so-pin', SO_PIN, '--pin', pin),
  };
}

const description = {
  kind: 'pkcs11',
  name: 'hsm',
  library: softHsmLibrary ?? '',
  tokenLabel: 'canaries',
  keyLabel: 'kop-canary',
  createKeys: true,
} as const;

/** The provider as the exporter's own process holds it, from round to round. */
function held(loadLibrary?: () => Promise<typeof Pkcs11>, pins = new PinGuard()) {
  let pin = PIN;
  const provider = new Pkcs11Cipher(
    { ...description, pin: SecretText.literal('held by the test') },
    () => pin,
    pins,
    loadLibrary,
  );
  const plan = { sizesBytes: [16], samples: 2, timeoutMs: 5000, slaSeconds: 1, budgetMs: 5000, skipVersionTests: true };
  return {
    use: (other: string) => {
      pin = other;
    },
    round: async () => {
      const { isUsable, problem } = await runRound(provider, plan, new Set(), new AbortController().signal);
      return isUsable ? 'usable' : problem;
    },
  };
}

/** @returns a function by which the clock goes forward. */
function clock(): (ms: number) => void {
  let aheadMs = 0;
  const real = Date.now.bind(Date);
  const spy = vi.spyOn(Date, 'now').mockImplementation(() => real() + aheadMs);
  onTestFinished(() => spy.mockRestore());
  return (ms) => {
    aheadMs += ms;
  };
}

const isPossible = softHsmLibrary !== undefined && isInstalled('pkcs11js');

describe.skipIf(!isPossible)('a token in the process that measures it', () => {
  test('whose folder goes away and comes back is used again', async () => {
    const { folder, make } = tokens();
    make();
    const hsm = held();
    expect(await hsm.round()).toBe('usable');
    renameSync(folder, `${folder}-away`);
    expect(await hsm.round()).toMatch(/CKR_GENERAL_ERROR|no slot holds/);
    expect(await hsm.round()).toMatch(/CKR_GENERAL_ERROR|no slot holds/);
    renameSync(`${folder}-away`, folder);
    expect(await hsm.round()).toBe('usable');
  });

  test('that is made anew, in another slot, is found there', async () => {
    const { util, make } = tokens();
    make();
    const hsm = held();
    expect(await hsm.round()).toBe('usable');
    util('--delete-token', '--token', 'canaries');
    expect(await hsm.round()).toContain("no slot holds a token 'canaries'");
    util('--init-token', '--free', '--label', 'another', '--so-pin', SO_PIN, '--pin', PIN);
    make();
    expect(await hsm.round()).toBe('usable');
  });

  test('beside one that is broken is found all the same', async () => {
    const { folder, util, make } = tokens();
    util('--init-token', '--free', '--label', 'another', '--so-pin', SO_PIN, '--pin', PIN);
    const [broken = ''] = (await import('node:fs')).readdirSync(folder);
    make();
    const hsm = held();
    expect(await hsm.round()).toBe('usable');
    rmSync(join(folder, broken), { recursive: true });
    expect(await hsm.round()).toBe('usable');
  });
});

describe.skipIf(!isPossible)('a PIN that was refused', () => {
  const attempts = () => {
    const seen: string[] = [];
    const counting = async (): Promise<typeof Pkcs11> => {
      const loaded: typeof Pkcs11 & { readonly default?: typeof Pkcs11 } = await import('pkcs11js');
      const real = loaded.default ?? loaded;
      class Counting extends real.PKCS11 {
        override C_Login(session: Pkcs11.Handle, user: number, pin: string): void {
          seen.push(pin);
          super.C_Login(session, user, pin);
        }
      }
      return { ...real, PKCS11: Counting };
    };
    return { seen, counting };
  };

  test('is tried again once an hour, and taken once it is right; another one is tried at once', async () => {
    const { make, util } = tokens();
    make('the-real-pin');
    const pass = clock();
    const { seen, counting } = attempts();
    const hsm = held(counting);
    expect(await hsm.round()).toContain('CKR_PIN_INCORRECT');
    expect(await hsm.round()).toMatch(/refused this PIN at \d{4}-.* tried again an hour later/);
    expect(await hsm.round()).toContain('refused this PIN at');
    expect(seen).toEqual([PIN]);
    pass(3_599_000);
    expect(await hsm.round()).toContain('refused this PIN at');
    pass(2000);
    expect(await hsm.round()).toContain('CKR_PIN_INCORRECT');
    expect(seen).toEqual([PIN, PIN]);
    // Another one, of which nothing is known.
    hsm.use('the-real-pin');
    expect(await hsm.round()).toBe('usable');
    // The token is made anew with the PIN that was refused: it is another token, and has refused nothing.
    hsm.use(PIN);
    expect(await hsm.round()).toContain('refused this PIN at');
    util('--delete-token', '--token', 'canaries');
    make();
    expect(await hsm.round()).toBe('usable');
  });

  test('is not tried again by another process or provider at the same token', async () => {
    const { make } = tokens();
    make('the-real-pin');
    const folder = mkdtempSync(join(tmpdir(), 'kop-pins-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const { seen, counting } = attempts();
    expect(await held(counting, new PinGuard(folder)).round()).toContain('CKR_PIN_INCORRECT');
    const next = held(counting, new PinGuard(folder));
    expect(await next.round()).toContain('refused this PIN at');
    expect(seen).toEqual([PIN]);
    next.use('the-real-pin');
    expect(await next.round()).toBe('usable');
  });

  test('gives way to the reason of now: a token that is gone is told as gone', async () => {
    const { make, util } = tokens();
    make('the-real-pin');
    const hsm = held();
    expect(await hsm.round()).toContain('CKR_PIN_INCORRECT');
    util('--delete-token', '--token', 'canaries');
    expect(await hsm.round()).toContain("no slot holds a token 'canaries'");
  });

  test.each([
    ['CKF_USER_PIN_FINAL_TRY', 'the next wrong PIN locks it'],
    ['CKF_USER_PIN_LOCKED', 'its PIN is locked'],
  ] as const)('is never tried when the token says %s', async (flag, reason) => {
    const { make } = tokens();
    make();
    const { seen, counting } = attempts();
    let isSet = true;
    const hsm = held(async () => {
      const real = await counting();
      class Flagged extends real.PKCS11 {
        override C_GetTokenInfo(slot: Pkcs11.Handle): Pkcs11.TokenInfo {
          const info = super.C_GetTokenInfo(slot);
          return isSet ? { ...info, flags: info.flags | real[flag] } : info;
        }
      }
      return { ...real, PKCS11: Flagged };
    });
    expect(await hsm.round()).toContain(reason);
    expect(seen).toEqual([]);
    isSet = false;
    expect(await hsm.round()).toBe('usable');
  });
});

describe.skipIf(!isPossible)('the exporter', () => {
  test('measures a token in a process of its own, which survives the token and ends with the exporter', async () => {
    const { folder, make } = tokens();
    make();
    const { configure, start, series, exporter, logs } = exporterOf();
    const hsm = { ...description, pin: secret(PIN) };
    const probe = { intervalMs: 200, timeoutMs: 2000, samples: 1, sizesBytes: [16] };
    await configure([fieldEncryption([hsm], { probe })], [somePortal('http://127.0.0.1:1')]);
    const children = () => execFileSync('ps', ['-o', 'args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
    const isRunning = () => children().includes('exporters/encryption/worker.js');
    expect(isRunning()).toBe(true);
    await start();
    const up = async () => total(await series(), 'field_encryption_provider_up');
    await expect.poll(up, { timeout: 15_000 }).toBe(1);
    renameSync(folder, `${folder}-away`);
    await expect.poll(up, { timeout: 15_000 }).toBe(0);
    renameSync(`${folder}-away`, folder);
    await expect.poll(up, { timeout: 15_000 }).toBe(1);
    expect(logs.join('')).toContain('an encryption provider can be used again');
    await exporter.stop();
    await expect.poll(isRunning, { timeout: 5000 }).toBe(false);
  });
});
