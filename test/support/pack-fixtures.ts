import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const ROOT = 'test/fixtures';

/** Descriptions for tests, by their names: those of a domain are in its folder, as are those of all in `pack`. */
export function packFixtures(pattern: RegExp): readonly string[] {
  return readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
    .filter((path) => basename(dirname(path)) === 'pack' && pattern.test(basename(path)))
    .map((path) => join(ROOT, path));
}
