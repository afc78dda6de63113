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
  test('is not tried by whoever comes after, for an hour; another PIN and another token are', () => {
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

  test('is kept as something that is for nobody else to read, and is not the PIN', () => {
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

  test('counts as refused just now where the note was cut off', () => {
    const { folder, tries } = place();
    new PinGuard(folder).refused('wrong', token);
    const [note = ''] = readdirSync(folder).filter((name) => name !== 'key');
    writeFileSync(join(folder, note), '');
    expect(tries('wrong')).toBe(false);
  });

  test('is tried once by two who come at the same time', async () => {
    const { folder } = place();
    const [first, second] = [new PinGuard(folder), new PinGuard(folder)];
    let tried = 0;
    // As another process that has the token to itself just now.
    mkdirSync(join(folder, 'lock'), { recursive: true });
    utimesSync(join(folder, 'lock'), start / 1000, start / 1000);
    const waiting = second.alone(() => {
      second.check('wrong', token, flags);
      tried += 1;
    });
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(tried).toBe(0);
    first.refused('wrong', token);
    rmSync(join(folder, 'lock'), { recursive: true });
    await expect(waiting).rejects.toThrow('refused this PIN at');
    expect(readdirSync(folder)).not.toContain('lock');
  });

  test('does not wait for a lock that somebody left behind who was killed', async () => {
    const { folder, tries } = place();
    mkdirSync(join(folder, 'lock'), { recursive: true });
    utimesSync(join(folder, 'lock'), start / 1000 - 60, start / 1000 - 60);
    expect(await new PinGuard(folder).alone(() => tries('any'))).toBe(true);
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
