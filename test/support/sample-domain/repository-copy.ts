import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../../pack/index.js';

/** One change of an existing file, as a person would make it. */
export interface Edit {
  readonly path: string;
  /** Must be there exactly once. */
  readonly anchor: string;
  readonly before?: string;
  readonly behind?: string;
}

/** The repository's files in a folder of their own, where a test may change them. */
export class RepositoryCopy {
  readonly root = mkdtempSync(join(tmpdir(), 'kop-copy-'));
  readonly #original = packageRoot();
  readonly #files: readonly string[];

  constructor() {
    const listed = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
    this.#files = execFileSync('git', listed, { cwd: this.#original, encoding: 'utf8' })
      .split('\0')
      .filter((path) => path !== '' && existsSync(join(this.#original, path)));
    for (const path of this.#files) {
      mkdirSync(dirname(this.path(path)), { recursive: true });
      copyFileSync(join(this.#original, path), this.path(path));
    }
    for (const folder of ['node_modules', 'demo/node_modules']) {
      if (existsSync(join(this.#original, folder))) symlinkSync(join(this.#original, folder), this.path(folder));
    }
    // Tests there ask git which files there are.
    this.run('git', ['init', '--quiet']);
  }

  path(name: string): string {
    return join(this.root, name);
  }

  read(path: string): string {
    return readFileSync(this.path(path), 'utf8');
  }

  /** Adds the files of a folder; `.txt` behind a name keeps compilers away from them where they are kept. */
  add(folder: string): void {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const from = join(entry.parentPath, entry.name);
      const to = from.slice(folder.length + 1).replace(/\.txt$/, '');
      if (existsSync(this.path(to))) throw new Error(`${to} is there already`);
      mkdirSync(dirname(this.path(to)), { recursive: true });
      copyFileSync(from, this.path(to));
    }
  }

  /** Puts texts around each anchor. @throws when an anchor is not found, or not once. */
  edit(edits: readonly Edit[]): void {
    for (const { path, anchor, before = '', behind = '' } of edits) {
      const parts = this.read(path).split(anchor);
      if (parts.length !== 2)
        throw new Error(`${path} has ${JSON.stringify(anchor)} ${parts.length - 1} times, not once`);
      writeFileSync(this.path(path), parts.join(`${before}${anchor}${behind}`));
    }
  }

  /** Existing files that are not what they are in the repository. */
  changed(): readonly string[] {
    return this.#files.filter((path) => {
      const now = readFileSync(this.path(path));
      return !now.equals(readFileSync(join(this.#original, path)));
    });
  }

  /** Files that the repository does not have. */
  added(): readonly string[] {
    const listed = ['ls-files', '-z', '--others', '--exclude-standard'];
    const known = new Set(this.#files);
    return this.run('git', listed)
      .split('\0')
      .filter((path) => path !== '' && !known.has(path));
  }

  /** @returns what it printed. @throws with what it printed, when it fails. */
  run(program: string, args: readonly string[]): string {
    try {
      return execFileSync(program, [...args], {
        cwd: this.root,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        env: outsideOfTests(),
        maxBuffer: 64 * 1024 ** 2,
      });
    } catch (error) {
      const said =
        error instanceof Error && 'stdout' in error && 'stderr' in error ? `${error.stdout}${error.stderr}` : '';
      throw new Error(`${program} ${args.join(' ')}\n${said.slice(-4000)}`);
    }
  }

  /** A program of a package. */
  runPackage(module: string, args: readonly string[]): string {
    return this.run(process.execPath, [this.path(`node_modules/${module}`), ...args]);
  }
}

/** Vitest tells what it starts that it is a part of this run. */
export function outsideOfTests(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_ENV$|NODE_OPTIONS$|TEST$)/.test(name));
  return Object.fromEntries(own);
}
