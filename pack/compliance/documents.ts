/** Files that stand beside the description: catalogues, profiles, waivers. Read as the description itself is. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import type { Layout } from '../reading/layout.js';
import { judgeShape, read } from '../reading/parse.js';
import { InvalidPack, type Problem } from '../reading/problems.js';
import { Reporter } from '../reading/reporter.js';
import { shippedPath } from '../reading/shipped.js';
import type { MapNode } from '../reading/source-node.js';
import { SecretPlaces } from '../secrets/secret-places.js';
import { knownSource } from './known-sources.js';

const PROFILES = 'profiles';
const isName = (written: string) => /^[a-z][a-z0-9-]*$/.test(written);

/** Nothing in these files is a secret, so no reference is read there. */
const secrets = new SecretPlaces();

export interface ReadDocument<T> {
  readonly value: T;
  readonly root: MapNode;
  /** Problems are said of the place in this file. */
  readonly reporter: Reporter;
  readonly files: readonly string[];
  readonly sha256: string;
}

/** A document, or what is wrong with it. */
export type DocumentAnswer<T> = ReadDocument<T> | { readonly problems: readonly Problem[] };

export interface DocumentKind<Schema extends z.ZodType> {
  readonly schema: Schema;
  readonly sections: readonly string[];
  /** Sections whose entries have names, so that one that is wrong leaves the others to be judged. */
  readonly sectionsOfEntries: readonly string[];
}

/** @param paths files, and folders whose files are merged. */
export function readDocument<Schema extends z.ZodType>(
  paths: readonly string[],
  { schema, sections, sectionsOfEntries }: DocumentKind<Schema>,
): DocumentAnswer<z.output<Schema>> {
  const layout: Layout = { sections, sectionsOfEntries, secrets };
  try {
    const { root, files, sha256 } = knownSource(paths, layout);
    const reporter = new Reporter(root, secrets);
    const written = judgeShape(root, schema, layout, reporter);
    if (written === undefined || reporter.problems.length > 0) return { problems: reporter.problems };
    return { value: read(schema, written), root, reporter, files, sha256 };
  } catch (error) {
    if (error instanceof InvalidPack) return { problems: error.problems };
    throw error;
  }
}

/** Where a catalogue is: a shipped one by its name, another by its path. */
export function catalogueFolder(written: string): string | undefined {
  return isName(written) && written !== PROFILES ? shipped(written) : undefined;
}

/** Names of the shipped catalogues. */
export function shippedCatalogues(): readonly string[] {
  return readdirSync(shippedPath('controls'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== PROFILES)
    .map(({ name }) => name)
    .sort();
}

/** Where a profile is: a shipped one by its name. */
export function shippedProfile(written: string): string | undefined {
  return isName(written) ? shipped(join(PROFILES, `${written}.yaml`)) : undefined;
}

function shipped(below: string): string | undefined {
  const path = shippedPath(join('controls', below));
  return existsSync(path) ? path : undefined;
}

export function isPath(written: string): boolean {
  return /^(?:\.{1,2}\/|\/|[A-Za-z]:[\\/])/.test(written);
}
