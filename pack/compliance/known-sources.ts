/** Catalogues are read once to judge them, once to resolve them, and again at each reload: parsing them takes longest. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { digest } from '../reading/digest.js';
import type { Layout } from '../reading/layout.js';
import type { MapNode } from '../reading/source-node.js';
import { readSource } from '../reading/yaml-source.js';

interface KnownSource {
  readonly root: MapNode;
  readonly files: readonly string[];
  readonly sha256: string;
}

const MOST_KNOWN = 64;
/** By what tells that nothing has changed. */
const known = new Map<string, KnownSource>();

/**
 * Reads what has changed, and remembers it.
 *
 * @throws {InvalidPack} as `readSource`.
 */
export function knownSource(paths: readonly string[], layout: Layout): KnownSource {
  const before = signatureOf(paths, layout);
  const found = known.get(before);
  if (found !== undefined) return found;
  const { root, files } = readSource(paths, layout);
  const read = { root, files, sha256: digest(root) };
  // What changed while it was read is not remembered.
  if (signatureOf(paths, layout) === before) {
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(before, read);
  }
  return read;
}

function signatureOf(paths: readonly string[], { sections, sectionsOfEntries }: Layout): string {
  return JSON.stringify([process.cwd(), sections, sectionsOfEntries, paths.map((path) => [path, stateOf(path)])]);
}

/** Changes with every change of the file, or of the files directly in the folder. */
function stateOf(path: string): unknown {
  const own = entryState(path);
  if (!own.isFolder) return own.text;
  try {
    return [own.text, readdirSync(path).map((name) => [name, entryState(join(path, name)).text])];
  } catch {
    // Reading it says what is wrong.
    return own.text;
  }
}

function entryState(path: string): { readonly text: string; readonly isFolder: boolean } {
  try {
    const found = statSync(path, { bigint: true });
    const { dev, ino, size, mtimeNs, ctimeNs } = found;
    return { text: [dev, ino, size, mtimeNs, ctimeNs].join(' '), isFolder: found.isDirectory() };
  } catch {
    return { text: 'absent', isFolder: false };
  }
}
