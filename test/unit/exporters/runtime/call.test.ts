import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { callFrom, withCalls } from '../../../../exporters/runtime/call.js';

const folder = mkdtempSync(join(tmpdir(), 'kop-call-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A package as npm leaves it: the program, and where its bin links are. */
function laidOut(root: string, bin: string | undefined): string {
  const program = join(root, 'dist', 'cli', 'kop.js');
  mkdirSync(join(root, 'dist', 'cli'), { recursive: true });
  writeFileSync(program, '');
  chmodSync(program, 0o755);
  if (bin !== undefined) {
    mkdirSync(bin, { recursive: true });
    symlinkSync(program, join(bin, 'kop'));
  }
  return program;
}

describe('what a reader types to get kop', () => {
  const clone = join(folder, 'clone');
  const cloned = laidOut(clone, undefined);
  const project = join(folder, 'project');
  const within = join(project, 'node_modules', 'kingston-observability-pack');
  const installed = laidOut(within, join(project, 'node_modules', '.bin'));
  const prefix = join(folder, 'prefix');
  const everywhere = join(prefix, 'lib', 'node_modules', 'kingston-observability-pack');
  const global = laidOut(everywhere, join(prefix, 'bin'));
  const elsewhere = join(folder, 'elsewhere');
  mkdirSync(elsewhere);

  test.each([
    ['in a clone', { program: cloned, root: clone, cwd: clone }, 'npx kop'],
    ['in a folder of a clone', { program: cloned, root: clone, cwd: join(clone, 'dist') }, 'npx kop'],
    ['away from a clone', { program: cloned, root: clone, cwd: elsewhere }, `node ${cloned}`],
    ['where it is installed', { program: installed, root: within, cwd: project }, 'npx kop'],
    ['away from where it is installed', { program: installed, root: within, cwd: elsewhere }, `node ${installed}`],
    [
      'where it is on the PATH',
      { program: global, root: everywhere, cwd: elsewhere, path: join(prefix, 'bin') },
      'kop',
    ],
    [
      'under npm, whose own folders are no one else’s',
      { program: installed, root: within, cwd: elsewhere, path: join(project, 'node_modules', '.bin') },
      `node ${installed}`,
    ],
  ])('%s', (_, given, call) => {
    expect(callFrom({ path: ['/usr/bin', '/bin'].join(delimiter), ...given })).toBe(call);
  });
});

const verbs = ['audit', 'build', 'check', 'demo', 'exporters'];

test('texts name commands that work, and nothing else in them changes', () => {
  const text =
    "$ kop audit status\n  run kop check again; 'kop demo' and `kop build --check`; the kop exporters: kop-audit, kop_state, kop.";
  expect(withCalls(text, verbs, 'npx kop')).toBe(
    "$ npx kop audit status\n  run npx kop check again; 'npx kop demo' and `npx kop build --check`; the kop exporters: kop-audit, kop_state, kop.",
  );
  expect(withCalls('npx kop check', verbs, 'npx kop')).toBe('npx kop check');
  expect(withCalls(text, verbs, 'kop')).toBe(text);
});
