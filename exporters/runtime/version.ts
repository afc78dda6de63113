import { existsSync, readFileSync } from 'node:fs';

/** The version of the package, as it says itself. Reads no more than that: `kop --version` is to be quick. */
export function packageVersion(): string {
  // This file runs from the sources and from `dist/`; the package begins where its package.json is.
  let folder = new URL('./', import.meta.url);
  while (!existsSync(new URL('package.json', folder))) {
    const parent = new URL('../', folder);
    if (parent.href === folder.href) throw new Error('package.json of the pack not found; install the pack again');
    folder = parent;
  }
  const manifest: unknown = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}
