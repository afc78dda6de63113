import type { Resolved, Unconnected } from './domain.js';
import { eachDomain } from './domains.js';
import { layout, type PackSection, packDomains, packSchema } from './layout.js';
import type { Pack } from './pack.js';
import { digest, digestOfValue } from './reading/digest.js';
import { removalText } from './reading/inheritance.js';
import { judgeShape, read, type WrittenSections } from './reading/parse.js';
import { Places } from './reading/places.js';
import { InvalidPack, type Problem } from './reading/problems.js';
import { Reporter } from './reading/reporter.js';
import { shippedPackPath } from './reading/shipped.js';
import type { MapNode } from './reading/source-node.js';
import { readSource, type Source } from './reading/yaml-source.js';
import { judgeSecrets } from './secrets/rules.js';
import { sharedRules, sharedWarnings } from './shared/index.js';
import { resolveShared } from './shared/resolve.js';
import { sharedSchema } from './shared/schema.js';

export interface LoadOptions {
  /**
   * Whether an unset variable or an unreadable file behind a secret is a problem: everywhere, nowhere, or only in these
   * sections. Default true.
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
  const source = readSource(paths.length === 0 ? [shippedPackPath()] : paths, layout);
  const { root } = source;
  const reporter = new Reporter(root, layout.secrets, source.removed);
  const { requireSecrets = true, allowUnconnected = false } = options;
  judgeSecrets(root, reporter, { places: layout.secrets, requireSecrets, allowUnconnected });
  const written = judgeShape(root, packSchema, layout, reporter);
  if (written !== undefined) judge(written, root, reporter);
  if (written === undefined || reporter.problems.length > 0) {
    throw new InvalidPack(inReadingOrder(reporter.problems, source.files));
  }
  return resolve(written, source);
}

function judge(written: WrittenSections, root: MapNode, reporter: Reporter): void {
  const judged = { shared: read(sharedSchema, written), root, reporter };
  // First, because a secret that a step would send in plain must not be repeated by a rule about its portal.
  for (const domain of packDomains) domain.read(written[domain.key]).judge(judged);
  for (const rule of sharedRules) rule(judged);
}

/** Turns a description without problems into what the other parts of the pack see. */
function resolve(written: WrittenSections, source: Source): Pack {
  const places = new Places(source.root);
  const shared = read(sharedSchema, written);
  const parts = resolveShared(shared, places);
  const warnings = [...sharedWarnings(parts)];
  const unconnected: Unconnected[] = [];
  const beside: Resolved<unknown>['files'][number][] = [];
  const entries = eachDomain((domain) => {
    const resolved = domain.read(written[domain.key]).resolve({ places, shared });
    warnings.push(...resolved.warnings);
    unconnected.push(...resolved.unconnected);
    beside.push(...resolved.files);
    return resolved.entries;
  });
  const own = digest(source.root);
  const files = [...new Set([...source.files, ...beside.flatMap(({ paths }) => paths)])];
  return {
    ...parts,
    ...entries,
    source: {
      files,
      described: source.files,
      removed: [...new Set(source.removed.map((removal) => removalText(removal, source.root, layout.secrets)))],
      sha256: beside.length === 0 ? own : digestOfValue([own, ...beside.map(({ sha256 }) => sha256)]),
      warnings,
      unconnected,
    },
  };
}

function inReadingOrder(problems: readonly Problem[], files: readonly string[]): Problem[] {
  const order = new Map(files.map((file, index) => [file, index]));
  return [...problems].sort(
    (a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0) || a.line - b.line || a.column - b.column,
  );
}
