/**
 * `npm test`: makes sure of the programs that the tests run, runs Vitest, and ends with one line that counts.
 * Arguments go to Vitest: npm test -- test/unit -t 'a name'
 * Two are ours: --long adds the tests that take minutes, --tools-only ends when the programs are there.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canInstall, install } from './support/stack/apt-install.mjs';
import { howToInstall, missingTools } from './support/stack/needed-tools.mjs';

/** How many files are named at the end. */
const SLOWEST = 10;
const root = dirname(dirname(fileURLToPath(import.meta.url)));

process.exitCode = await main(process.argv.slice(2));

/** @param {string[]} given */
async function main(given) {
  if (!(await haveTools())) {
    return 1;
  }
  if (given.includes('--tools-only')) {
    return 0;
  }
  if (given.includes('--long')) {
    process.env.KOP_LONG = '1';
  }
  const args = given.filter((arg) => arg !== '--long');
  const folder = mkdtempSync(join(tmpdir(), 'kop-test-result-'));
  try {
    const file = join(folder, 'result.json');
    // Each project of vitest.config.ts would compile the same modules again.
    const compiled = ['--experimental.fsModuleCache', `--experimental.fsModuleCachePath=${join(folder, 'compiled')}`];
    const reported = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const code = await vitest([...args, ...compiled, ...reported]);
    return report(file, code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function haveTools() {
  const missing = missingTools();
  if (missing.length === 0) {
    return true;
  }
  if (canInstall()) {
    console.log(`Installing what the tests need: ${missing.map(({ title }) => title).join(', ')}`);
    await install(missing);
  }
  const stillMissing = missingTools();
  if (stillMissing.length > 0) {
    console.error(howToInstall(stillMissing));
  }
  return stillMissing.length === 0;
}

/**
 * @param {string[]} args
 * @returns {Promise<number>}
 */
async function vitest(args) {
  const program = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const child = spawn(process.execPath, [program, 'run', ...args], { cwd: root, stdio: 'inherit' });
  // The terminal sends Ctrl-C to both of us; Vitest needs time to end what it started, and we to wait for it.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 130)));
  });
}

/**
 * @param {string} file
 * @param {number} code
 */
function report(file, code) {
  const result = read(file);
  if (result === undefined) {
    console.error('Vitest ended before it could report.');
    return code === 0 ? 1 : code;
  }
  const { numPassedTests: passed, numFailedTests, numPendingTests, numTodoTests, testResults } = result;
  // Files that could not be loaded, or whose hooks failed: nothing in them was found wrong, because nothing ran.
  const brokenFiles = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((one) => one.status === 'failed'),
  ).length;
  let failed = numFailedTests + brokenFiles;
  if (failed === 0 && code !== 0) {
    // Such as an error outside any test, or a process left behind.
    console.error('No test failed, but the run did; see above.');
    failed = 1;
  }
  printSlowest(testResults);
  printCpuSeconds();
  const skipped = numPendingTests + numTodoTests;
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return failed > 0 && code === 0 ? 1 : code;
}

/** @param {{ name: string, startTime: number, endTime: number }[]} files */
function printSlowest(files) {
  const seconds = files
    .map(({ name, startTime, endTime }) => ({ name: relative(root, name), seconds: (endTime - startTime) / 1000 }))
    .sort((a, b) => b.seconds - a.seconds);
  if (seconds.length <= SLOWEST) return;
  console.log('\nThe slowest files, in seconds:');
  for (const { name, seconds: own } of seconds.slice(0, SLOWEST)) console.log(`${own.toFixed(0).padStart(5)}  ${name}`);
  console.log();
}

/**
 * What the run cost, whatever else the machine was doing: processor time of Vitest, its workers and all that they
 * started and waited for. Node counts its own process only; Linux knows of the children too.
 */
function printCpuSeconds() {
  if (process.platform !== 'linux') return;
  // The name stands in brackets and may itself hold spaces. Then come the state and, the time of the children in user and in system mode; Linux gives it in hundredths of a second.
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const seconds = (Number(fields[13]) + Number(fields[14])) / 100;
  console.log(`${seconds.toFixed(0)} CPU seconds`);
}

/** @param {string} file */
function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
