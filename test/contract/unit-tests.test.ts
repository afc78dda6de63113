import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { packageRoot } from '../../pack/index.js';
import config from '../../vitest.config.js';

const guard = 'test/support/runner/starts-nothing.ts';

const projects = z
  .array(
    z.object({
      test: z.object({
        name: z.string(),
        include: z.array(z.string()),
        exclude: z.array(z.string()).default([]),
        setupFiles: z.array(z.string()),
      }),
    }),
  )
  .parse(config.test?.projects)
  .map((project) => project.test);

test('every file in test/unit is watched, and no other project takes it', () => {
  const ofUnit = projects.filter(({ setupFiles }) => setupFiles.includes(guard));
  expect(ofUnit.map(({ name, include, exclude }) => ({ name, include, exclude }))).toEqual([
    { name: 'unit', include: ['test/unit/**/*.test.ts'], exclude: [] },
  ]);
  const others = projects.filter(({ include }) => include.includes('test/**/*.test.ts'));
  expect(others.map(({ exclude }) => exclude.includes('test/unit/**'))).toEqual([true]);
});

/** Each name says what its test starts; the last one hides that it failed. */
const SAMPLE = `
import { exec, execFile, execFileSync, fork, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createServer as http } from 'node:http';
import { createServer as tcp } from 'node:net';
test('tcp', () => void tcp().listen(0));
test('http', () => void http().listen(0));
test('socket file', () => void tcp().listen('sample.sock'));
test('udp', () => void createSocket('udp4').bind(0));
test('spawn', () => void spawn('true'));
test('exec', () => void exec('true'));
test('execFile', () => void execFile('true'));
test('fork', () => void fork('nothing.mjs'));
test('spawnSync', () => void spawnSync('true'));
test('execFileSync', () => void execFileSync('true'));
test('nothing', () => {});
test('hidden', () => {
  try { spawnSync('true'); } catch {}
});
`;

test('a test that starts a server or a process fails, and says where it belongs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kop-unit-sample-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'sample.test.mjs'), SAMPLE);
  const setup = JSON.stringify(join(packageRoot(), guard));
  writeFileSync(
    join(folder, 'vitest.config.mjs'),
    `export default { test: { globals: true, include: ['*.test.mjs'], setupFiles: [${setup}], reporters: ['json'] } };`,
  );
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const { stdout } = spawnSync(process.execPath, [vitest, 'run', '--root', folder], { encoding: 'utf8' });
  const { testResults } = z
    .object({
      testResults: z.array(
        z.object({
          assertionResults: z.array(
            z.object({ title: z.string(), status: z.string(), failureMessages: z.array(z.string()) }),
          ),
        }),
      ),
    })
    .parse(JSON.parse(stdout));
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  expect(results).toHaveLength(12);
  expect(results.filter(({ status }) => status === 'passed').map(({ title }) => title)).toEqual(['nothing']);
  const message = /belongs in test\/integration/;
  expect(results.filter(({ failureMessages }) => failureMessages.some((text) => message.test(text)))).toHaveLength(11);
});
