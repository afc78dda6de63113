/** Catalogues by themselves, for people who edit them. */
import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { InvalidPack } from '../reading/problems.js';
import { type Origin, valueOrigin } from '../reading/source-node.js';
import { catalogueKind } from './board-files.js';
import { resolveControls } from './controls.js';
import { catalogueFolder, readDocument } from './documents.js';
import type { CatalogueIdentity, ComplianceBoard, Control } from './model/index.js';
import { judgeCatalogue } from './rules/catalogues.js';

export interface LoadedCatalogue {
  readonly identity: CatalogueIdentity;
  /** As the catalogue says, without a profile. */
  readonly controls: readonly Control[];
  /** By name. */
  readonly frameworks: ReadonlyMap<string, { readonly title: string; readonly source: string }>;
  /** Where a known answer is written; undefined for one that a profile has in place of the catalogue's. */
  readonly placeOfTest: (control: Pick<Control, 'id' | 'tests'>, at: number) => Origin | undefined;
}

/**
 * @param written name of a shipped catalogue, or a file or folder. Names of teams, databases, obligations and imports are not
 * judged, because no board says which there are.
 * @returns undefined when there is none.
 * @throws {InvalidPack} when it cannot be used.
 */
export function loadCatalogue(written: string): LoadedCatalogue | undefined {
  const path = catalogueFolder(written) ?? written;
  return existsSync(path) ? loadFrom([path]) : undefined;
}

/**
 * The catalogues of a board, as they are written, in its order.
 *
 * @throws {InvalidPack} when one was changed since the board was read and cannot be used any more.
 */
export function cataloguesNamedBy({ catalogues, files }: ComplianceBoard): readonly LoadedCatalogue[] {
  return files.slice(0, catalogues.length).map(({ paths }) => loadFrom(paths));
}

function loadFrom(paths: readonly string[]): LoadedCatalogue {
  const found = readDocument(paths, catalogueKind);
  if ('problems' in found) throw new InvalidPack(found.problems);
  judgeCatalogue(found);
  const { value, root, reporter } = found;
  if (reporter.problems.length > 0) throw new InvalidPack(reporter.problems);
  const { catalogues, controls } = resolveControls([found], undefined);
  const [identity] = catalogues;
  if (identity === undefined) throw new Error('a catalogue has no identity');
  return {
    identity,
    controls,
    frameworks: new Map(Object.entries(value.frameworks)),
    placeOfTest: ({ id, tests }, at) =>
      isDeepStrictEqual(controls.find((own) => own.id === id)?.tests, tests)
        ? valueOrigin(root, ['controls', id, 'tests', at])
        : undefined,
  };
}
