import { existsSync, readFileSync } from 'node:fs';

/** The version from package.json. It reads only that file, so that `kop --version` is fast. */
export function packageVersion(): string {
  // This file runs from the sources and from `dist/`; the root of the package has a package.json.
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
