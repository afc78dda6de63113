import type { Pack } from './model.js';
import { parse } from './reading/parse.js';
import { InvalidPack, type Problem } from './reading/problems.js';
import { Reporter } from './reading/reporter.js';
import { readSource } from './reading/yaml-source.js';
import { resolve } from './resolve.js';
import { judgeSecrets, rules } from './rules/index.js';
import type { ParsedPack } from './schema/pack.js';
import { shippedPackPath } from './shipped.js';

export type PackSection = keyof ParsedPack;

export interface LoadOptions {
  /**
   * Whether an unset variable or unreadable file behind a secret is a problem: everywhere, nowhere, or in these
   * sections, for who needs no others. Default true.
   */
  readonly requireSecrets?: boolean | readonly PackSection[];
  /**
   * Whether an audit trail may be left without a database: its `database.url` names a variable that is not set, as in
   * the shipped description on a machine that has no audit database. Its other secrets are then not asked for either,
   * and everything about it is unknown. Default false.
   */
  readonly allowUnconnected?: boolean;
}

/**
 * Reads, validates and resolves a description.
 *
 * @param paths files and folders, merged by name: a later one wins. None: the description that the pack ships.
 * @throws {InvalidPack} with every problem found.
 * @example
 * const pack = loadPack(['pack.yaml', 'mine.yaml'], { requireSecrets: false });
 */
export function loadPack(paths: readonly string[] = [], options: LoadOptions = {}): Pack {
  const source = readSource(paths.length === 0 ? [shippedPackPath()] : paths);
  const reporter = new Reporter(source.root, source.removed);
  const { requireSecrets = true, allowUnconnected = false } = options;
  judgeSecrets(source.root, reporter, { requireSecrets, allowUnconnected });
  const parsed = parse(source.root, reporter);
  if (parsed !== undefined) {
    for (const rule of rules) {
      rule({ parsed, root: source.root, reporter });
    }
  }
  if (reporter.problems.length > 0 || parsed === undefined) {
    throw new InvalidPack(inReadingOrder(reporter.problems, source.files));
  }
  return resolve(parsed, source);
}

function inReadingOrder(problems: readonly Problem[], files: readonly string[]): Problem[] {
  const order = new Map(files.map((file, index) => [file, index]));
  return [...problems].sort(
    (a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0) || a.line - b.line || a.column - b.column,
  );
}
