import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { howToInstall, missingTools } from '../../support/stack/needed-tools.mjs';

const folders: string[] = [];

afterEach(() => {
  vi.unstubAllEnvs();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A machine whose PATH knows these programs, and no others. */
function machineWith(...programs: readonly string[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'kop-tools-'));
  folders.push(folder);
  for (const program of programs) {
    writeFileSync(join(folder, program), '');
    chmodSync(join(folder, program), 0o755);
  }
  vi.stubEnv('PATH', ['/nowhere', folder].join(delimiter));
}

const all = [
  'prometheus',
  'promtool',
  'alertmanager',
  'amtool',
  'softhsm2-util',
  'pgbouncer',
  'psql',
  'chromium',
  'ps',
];

describe('the programs that the tests need', () => {
  test('are all there', () => {
    machineWith(...all);
    expect(missingTools([])).toEqual([]);
  });

  test('go by other names, too', () => {
    machineWith('prometheus-alertmanager', 'chromium-browser', ...all.filter((name) => !/^(alertm|chrom)/.test(name)));
    expect(missingTools([])).toEqual([]);
  });

  test.each(all)('%s is missed', (missed) => {
    machineWith(...all.filter((name) => name !== missed));
    expect(missingTools([]).flatMap(({ programs }) => programs)).toContain(missed);
    expect(missingTools([])).toHaveLength(1);
  });

  test('stand beside the PATH, too, where servers are kept that only root has on it', () => {
    machineWith('pgbouncer');
    const [folder = ''] = folders;
    machineWith(...all.filter((name) => name !== 'pgbouncer'));
    expect(missingTools([]).map(({ title }) => title)).toEqual(['PgBouncer']);
    expect(missingTools([folder])).toEqual([]);
  });

  test('a file that cannot be run is no program', () => {
    machineWith(...all);
    chmodSync(join(folders[0] ?? '', 'promtool'), 0o644);
    expect(missingTools([]).map(({ title }) => title)).toEqual(['promtool']);
  });
});

describe('how to install them', () => {
  const lines = (...missed: readonly string[]) => {
    machineWith(...all.filter((name) => !missed.includes(name)));
    return howToInstall(missingTools([])).split('\n');
  };

  test('names each package once, and what keeps its services from running', () => {
    const told = lines('prometheus', 'promtool', 'alertmanager', 'amtool');
    expect(told[0]).toBe(
      'The tests need Prometheus, promtool, Alertmanager, amtool. Install them and run npm test again:',
    );
    expect(told).toContain('  Debian, Ubuntu: sudo apt-get install prometheus prometheus-alertmanager');
    expect(told).toContain(
      '                  sudo systemctl disable --now prometheus prometheus-alertmanager   (tests start their own)',
    );
    expect(told).toContain('  macOS:          brew install prometheus && brew install alertmanager');
  });

  test('tells Ubuntu, whose package of Chromium is a stub, from Debian', () => {
    const told = lines('chromium', 'softhsm2-util');
    expect(told).toContain('  Debian:         sudo apt-get install softhsm2 chromium');
    expect(told).toContain('  Ubuntu:         sudo apt-get install softhsm2 && sudo snap install chromium');
    expect(told).toContain('  macOS:          brew install softhsm && brew install --cask chromium');
    expect(told.join('\n')).not.toContain('systemctl');
  });

  test('needs no apt on Ubuntu for Chromium alone', () => {
    const told = lines('chromium');
    expect(told[0]).toBe('The tests need Chromium. Install it and run npm test again:');
    expect(told).toContain('  Ubuntu:         sudo snap install chromium');
  });

  test('says elsewhere which programs to put on the PATH, and where they are', () => {
    const told = lines('alertmanager');
    expect(told).toContain(
      '                    alertmanager or prometheus-alertmanager   https://prometheus.io/download/',
    );
  });
});
