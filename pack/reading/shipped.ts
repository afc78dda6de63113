import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export function shippedPackPath(): string {
  return shippedPath('pack.yaml');
}

/**
 * A file or folder of the package, relative to the working directory where that is shorter to read.
 *
 * @param below relative to the package.
 */
export function shippedPath(below: string): string {
  const path = join(packageRoot(), below);
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}

/** This file runs from `pack/` and from `dist/pack/`; the package begins where its package.json is. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new Error('package.json of the pack not found; install the pack again');
    }
    folder = parent;
  }
  return folder;
}
