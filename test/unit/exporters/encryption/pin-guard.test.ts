import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { PinGuard } from '../../../../exporters/encryption/providers/pin-guard.js';
import { describeProcess, lockDirectory } from '../../../../exporters/runtime/state/lock.js';

const flags = { CKF_USER_PIN_FINAL_TRY: 1, CKF_USER_PIN_LOCKED: 2 };
const token = { label: 'canaries', serialNumber: 'a1', flags: 0 };
const HOUR = 3_600_000;
const start = Date.UTC(2026, 0, 1);

function place() {
  const home = mkdtempSync(join(tmpdir(), 'kop-pins-'));
  vi.useFakeTimers({ now: start, toFake: ['Date'] });
  onTestFinished(() => {
    vi.useRealTimers();
    rmSync(home, { recursive: true, force: true });
  });
  const folder = join(home, 'refused-pins');
  /** What another process finds, or another provider. */
  const tries = (pin: string, at = token) => {
    try {
      new PinGuard(folder).check(pin, at, flags);
      return true;
    } catch {
      return false;
    }
  };
  return { folder, tries };
}

describe('a PIN that a token refused', () => {
  test('is not tried by a later process for an hour; another PIN and another token are', () => {
    const { folder, tries } = place();
    expect(tries('wrong')).toBe(true);
    new PinGuard(folder).refused('wrong', token);
    expect(tries('wrong')).toBe(false);
    expect(tries('right')).toBe(true);
    expect(tries('wrong', { ...token, serialNumber: 'b2' })).toBe(true);
    vi.setSystemTime(start + HOUR - 1);
    expect(tries('wrong')).toBe(false);
    vi.setSystemTime(start + HOUR);
    expect(tries('wrong')).toBe(true);
    expect(readdirSync(folder)).toEqual(['key']);
  });

  test('is stored in a file that only this user can read, and not as the PIN', () => {
    const { folder } = place();
    new PinGuard(folder).refused('4711', token);
    for (const name of readdirSync(folder)) {
      expect(statSync(join(folder, name)).mode & 0o077).toBe(0);
      expect(name + readFileSync(join(folder, name), 'latin1')).not.toContain('4711');
    }
    // With another key the same PIN is another digest: it cannot be looked up in a table.
    const [first] = readdirSync(folder).filter((name) => name !== 'key');
    rmSync(folder, { recursive: true });
    new PinGuard(folder).refused('4711', token);
    expect(readdirSync(folder)).not.toContain(first);
  });

  test('is barred for an hour at the most when the clock is set back', () => {
    const { folder, tries } = place();
    new PinGuard(folder).refused('wrong', token);
    vi.setSystemTime(start - 100 * HOUR);
    expect(tries('wrong')).toBe(false);
    vi.setSystemTime(start - 99 * HOUR);
    expect(tries('wrong')).toBe(true);
  });

  test.each<[string, (path: string) => void]>([
    ['was cut off', (path) => writeFileSync(path, '')],
    [
      'cannot be read',
      (path) => {
        rmSync(path);
        mkdirSync(path);
      },
    ],
  ])('is barred for an hour from when the note was written that %s', (_, spoil) => {
    const { folder, tries } = place();
    const guard = new PinGuard(folder);
    guard.refused('wrong', token);
    const [note = ''] = readdirSync(folder).filter((name) => name !== 'key');
    spoil(join(folder, note));
    utimesSync(join(folder, note), start / 1000, start / 1000);
    const triesAgain = () => {
      try {
        guard.check('wrong', token, flags);
        return true;
      } catch {
        return false;
      }
    };
    for (const [later, expected] of [
      [0, false],
      [HOUR - 1, false],
      [HOUR, true],
      [2 * HOUR, true],
    ] as const) {
      vi.setSystemTime(start + later);
      expect([tries('wrong'), triesAgain()]).toEqual([expected, expected]);
    }
  });

  test('is barred for at most an hour if the clock was set back and the note cannot be written again', () => {
    const { folder } = place();
    const guard = new PinGuard(folder);
    guard.refused('wrong', token);
    const [note = ''] = readdirSync(folder).filter((name) => name !== 'key');
    rmSync(join(folder, note));
    mkdirSync(join(folder, note));
    utimesSync(join(folder, note), start / 1000, start / 1000);
    vi.setSystemTime(start - 100 * HOUR);
    new PinGuard(folder).check('right', token, flags);
    expect(() => guard.check('wrong', token, flags)).toThrow('refused this PIN');
    vi.setSystemTime(start - 99 * HOUR - 1);
    expect(() => guard.check('wrong', token, flags)).toThrow('refused this PIN');
    vi.setSystemTime(start - 99 * HOUR);
    expect(() => guard.check('wrong', token, flags)).not.toThrow();
  });

  test('is tried once by two who come at the same time', async () => {
    const { folder } = place();
    mkdirSync(folder, { recursive: true });
    const [first, second] = [new PinGuard(folder), new PinGuard(folder)];
    const held = await lockDirectory(folder);
    // Whoever has it may take long, and clocks may differ: neither makes it anybody else's.
    utimesSync(held.path, start / 1000 - 60, start / 1000 - 60);
    let tried = 0;
    const waiting = second.alone(() => {
      second.check('wrong', token, flags);
      tried += 1;
    });
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect([tried, await held.isOurs()]).toEqual([0, true]);
    first.refused('wrong', token);
    await held.release();
    await expect(waiting).rejects.toThrow('refused this PIN at');
    expect(readdirSync(folder)).not.toContain('lock');
  });

  test('is not tried while somebody has the token to itself; that is a fault of ours, and the lock stays theirs', async () => {
    const { folder } = place();
    mkdirSync(folder, { recursive: true });
    const held = await lockDirectory(folder);
    const work = vi.fn();
    const refusal = await new PinGuard(folder, 50).alone(work).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ fault: 'internal', message: expect.stringContaining(`process ${process.pid}`) });
    expect(work).not.toHaveBeenCalled();
    expect(await held.isOurs()).toBe(true);
    await held.release();
  });

  test('does not wait for a lock that somebody left behind who was killed', async () => {
    const { folder, tries } = place();
    mkdirSync(folder, { recursive: true });
    const dead = { ...(await describeProcess(process.pid)), started: '1', nonce: 'of-the-dead' };
    writeFileSync(join(folder, 'lock'), JSON.stringify(dead));
    expect(await new PinGuard(folder, 0).alone(() => tries('any'))).toBe(true);
    expect(readdirSync(folder)).not.toContain('lock');
  });

  test('is remembered by the process where nothing can be kept', async () => {
    const { folder } = place();
    writeFileSync(folder, 'a file');
    const guard = new PinGuard(folder);
    expect(await guard.alone(() => 'done')).toBe('done');
    guard.refused('wrong', token);
    expect(() => guard.check('wrong', token, flags)).toThrow('refused this PIN at 2026-01-01T00:00:00.000Z');
    expect(() => guard.check('right', token, flags)).not.toThrow();
  });
});
