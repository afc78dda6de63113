import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const application = join(root, 'test/fixtures/audit-trail/django');
const cache = join(root, 'node_modules/.cache/kop-django');

/**
 * A Python with Django and django-auditlog: what KOP_DJANGO_PYTHON names, or a virtual environment that is made when it is first
 * wanted and kept.
 *
 * @returns why there is none, where python3 or PyPI cannot be had
 */
export async function djangoPython(): Promise<{ readonly python: string } | { readonly missing: string }> {
  const given = process.env.KOP_DJANGO_PYTHON;
  if (given !== undefined) return { python: given };
  const python = join(cache, 'bin/python');
  if (existsSync(join(cache, 'whole'))) return { python };
  try {
    await rm(cache, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', cache]);
    const requirements = join(application, 'requirements.txt');
    const options = ['--quiet', '--disable-pip-version-check', '--retries', '1', '--timeout', '10'];
    await run(python, ['-m', 'pip', 'install', ...options, '--requirement', requirements], { timeout: 120_000 });
    await mkdir(join(cache, 'whole'));
    return { python };
  } catch (error) {
    return { missing: `no Python with Django could be made: ${error instanceof Error ? error.message : error}` };
  }
}

export interface DjangoApplication {
  /** Runs a line of Python. */
  do(line: string): Promise<void>;
  close(): Promise<void>;
}

/** The application of the fixtures, on a database with its tables. */
export async function startDjango(python: string, databaseUrl: string): Promise<DjangoApplication> {
  const child = spawn(python, [join(application, 'shop.py'), databaseUrl], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const execute = async (line: string) => {
    child.stdin.write(`${line}\n`);
    const { value, done } = await answers.next();
    if (done === true || value !== 'done') throw new Error(`${line}: ${value ?? said}`);
  };
  await execute('begin()');
  return {
    do: execute,
    async close() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
