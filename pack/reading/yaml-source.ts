import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readBounded, UnreadableFile } from './bounded-file.js';
import { inherit, isStillRemoved, type Removal, removedBetween } from './inheritance.js';
import type { Layout } from './layout.js';
import { InvalidPack, type Problem } from './problems.js';
import type { MapNode } from './source-node.js';
import { parseYaml } from './yaml-document.js';

/** Ten times the largest known description. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** Several files read as one. */
export interface Source {
  readonly root: MapNode;
  /** In the order in which they were merged: a later one wins. */
  readonly files: readonly string[];
  /** What an earlier file says, a later one removed, and none after it says again. */
  readonly removed: readonly Removal[];
}

/**
 * Reads files, and of folders their `*.yaml` and `*.yml` sorted by name, and merges them.
 *
 * @throws {InvalidPack} with every problem of every file.
 */
export function readSource(paths: readonly string[], { sections, secrets }: Layout): Source {
  const problems: Problem[] = [];
  const files = paths.flatMap((path) => expand(path, problems));
  let root: MapNode | undefined;
  const removed: Removal[] = [];
  for (const file of files) {
    const text = readText(file, problems);
    if (text === undefined) {
      continue;
    }
    const document = parseYaml(file, text, secrets);
    problems.push(...document.problems);
    if (document.root !== undefined) {
      const before = root;
      root = inherit(before, document.root, sections, problems);
      if (before !== undefined) removed.push(...removedBetween(before, document.root, root, sections));
    }
  }
  if (problems.length > 0 || root === undefined) {
    throw new InvalidPack(problems);
  }
  const whole = root;
  return { root, files, removed: removed.filter((removal) => isStillRemoved(removal, whole)) };
}

function expand(path: string, problems: Problem[]): string[] {
  if (path === '') {
    problems.push(unreadable("''", 'the name of the file is empty', 'a file or folder; perhaps a variable is not set'));
    return [];
  }
  try {
    if (!statSync(path).isDirectory()) {
      return [path];
    }
    const names = readdirSync(path).filter((name) => /\.ya?ml$/.test(name) && !name.startsWith('.'));
    if (names.length === 0) {
      problems.push(unreadable(path, 'the folder holds no configuration', 'files named *.yaml or *.yml in it'));
    }
    return names.sort().map((name) => join(path, name));
  } catch (error) {
    problems.push(unreadable(path, cannotRead(error), 'a file or folder that exists and can be read'));
    return [];
  }
}

function readText(file: string, problems: Problem[]): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readBounded(file, MAX_FILE_BYTES, { pipes: true }).bytes);
  } catch (error) {
    const problem =
      error instanceof TypeError
        ? unreadable(file, 'the file is not UTF-8 text', 'a YAML file in UTF-8')
        : error instanceof UnreadableFile && !isErrno(error.cause)
          ? unreadable(file, `the file ${error.message}`, error.expected ?? 'a regular file')
          : unreadable(file, cannotRead(causeOf(error)), 'a file or folder that exists and can be read');
    problems.push(problem);
    return undefined;
  }
}

function isErrno(error: unknown): boolean {
  return error instanceof Error && 'code' in error;
}

function causeOf(error: unknown): unknown {
  return error instanceof UnreadableFile ? error.cause : error;
}

function unreadable(file: string, message: string, expected: string): Problem {
  return { file, line: 0, column: 0, key: '', message, expected, unreadable: true };
}

function cannotRead(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return 'no such file or folder';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    default:
      return `cannot be read (${error instanceof Error ? error.message : String(error)})`;
  }
}
