import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'kop-package-'));
const installed = join(folder, 'package');

/** What `npm install` would put on a disk, without asking a registry for what it depends on. */
beforeAll(async () => {
  if (!existsSync(join(root, 'dist/cli/kop.js'))) throw new Error('dist/ is missing: run npm run build first');
  const packed = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], { cwd: root });
  const [{ filename }] = JSON.parse(packed.stdout);
  await run('tar', ['-xzf', join(folder, filename), '-C', folder]);
  symlinkSync(join(root, 'node_modules'), join(installed, 'node_modules'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const relativeImport = /(?:\bfrom|\bimport\(|^import)\s*['"](\.{1,2}\/[^'"]+)['"]/gm;

/** Relative to the package. */
function missingImports(): string[] {
  const programs = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.js'))
    .map((path) => join(installed, 'dist', path));
  expect(programs.length).toBeGreaterThan(100);
  return programs.flatMap((program) =>
    [...readFileSync(program, 'utf8').matchAll(relativeImport)]
      .map(([, written = '']) => resolve(dirname(program), written))
      .filter((wanted) => !existsSync(wanted))
      .map((wanted) => `${relative(installed, program)} imports ${relative(installed, wanted)}`),
  );
}

function kop(...args: string[]) {
  return run(process.execPath, [join(installed, 'dist/cli/kop.js'), ...args], { cwd: folder });
}

describe('the package', () => {
  it('holds whatever its programs import', () => {
    // The demo is no part of it.
    expect(missingImports()).toEqual(['dist/cli/verbs.js imports dist/cli/demo.js']);
  });

  it('says where the demo is', async () => {
    const failed = await kop('demo').catch((error: unknown) => error);
    expect(failed).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^kop: the demo.*clone the repository.*\n$/),
    });
  });

  it('builds rules and dashboards, the same as those that come with it', async () => {
    const { stdout } = await kop('build', '--out', join(folder, 'built'));
    expect(stdout).toMatch(/ written, 0 right already\./);
    for (const path of ['alert-rules/prometheus', 'dashboards/json', 'dashboards/provisioning']) {
      for (const name of readdirSync(join(installed, path))) {
        const shipped = readFileSync(join(installed, path, name), 'utf8');
        expect(readFileSync(join(folder, 'built', path, name), 'utf8') === shipped, `${path}/${name}`).toBe(true);
      }
    }
  });

  it('holds no sources, measurements or traces of a build', () => {
    for (const path of [
      'alert-rules/src',
      'dashboards/src',
      'demo',
      'dist/bench',
      'dist/demo',
      'dist/cli/kop.js.map',
      'dist/.tsbuildinfo',
      'test',
    ]) {
      expect(existsSync(join(installed, path)), path).toBe(false);
    }
  });
});
