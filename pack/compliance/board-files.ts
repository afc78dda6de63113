import type { z } from 'zod';
import type { Places } from '../reading/places.js';
import type { KeyPath } from '../reading/source-node.js';
import {
  catalogueFolder,
  type DocumentAnswer,
  type DocumentKind,
  isPath,
  readDocument,
  shippedProfile,
} from './documents.js';
import type { ParsedBoard } from './schema/board.js';
import { catalogueSchema, catalogueSections, type ParsedCatalogue } from './schema/catalogue.js';
import { type ParsedProfile, profileSchema, profileSections } from './schema/profile.js';
import {
  attestationsSchema,
  changesSchema,
  type ParsedAttestations,
  type ParsedChanges,
  type ParsedWaivers,
  waiversSchema,
} from './schema/registers.js';

/** What a board names beside the description; undefined where it names none. */
export interface BoardFiles {
  /** In the order in which they are named. Undefined: there is no catalogue of this name. */
  readonly catalogues: readonly (DocumentAnswer<ParsedCatalogue> | undefined)[];
  /** Undefined also where there is no shipped profile of this name. */
  readonly profile: DocumentAnswer<ParsedProfile> | undefined;
  readonly waivers: DocumentAnswer<ParsedWaivers> | undefined;
  readonly attestations: DocumentAnswer<ParsedAttestations> | undefined;
  readonly changes: DocumentAnswer<ParsedChanges> | undefined;
}

export const catalogueKind = {
  schema: catalogueSchema,
  sections: catalogueSections,
  sectionsOfEntries: ['frameworks', 'controls'],
} as const;
const profileKind = {
  schema: profileSchema,
  sections: profileSections,
  sectionsOfEntries: ['exclude', 'tailor'],
} as const;
const waiversKind = { schema: waiversSchema, sections: ['waivers'], sectionsOfEntries: ['waivers'] } as const;
const attestationsKind = { schema: attestationsSchema, sections: ['attestations'], sectionsOfEntries: [] } as const;
const changesKind = { schema: changesSchema, sections: ['changes'], sectionsOfEntries: ['changes'] } as const;

/** @param path of the board in the description; its files are relative to the one that names them. */
export function readBoardFiles(path: KeyPath, written: ParsedBoard, places: Places): BoardFiles {
  const at = (key: string, name: string) => places.file([...path, key], name);
  const optional = <Schema extends z.ZodType>(
    key: 'profile' | 'waivers' | 'attestations' | 'changes',
    kind: DocumentKind<Schema>,
  ) => {
    const name = written[key];
    return name === undefined ? undefined : readDocument([at(key, name)], kind);
  };
  return {
    catalogues: written.catalogues.map((name, index) => {
      const folder = isPath(name) ? places.file([...path, 'catalogues', index], name) : catalogueFolder(name);
      return folder === undefined ? undefined : readDocument([folder], catalogueKind);
    }),
    profile: profileOf(written.profile, (name) => at('profile', name)),
    waivers: optional('waivers', waiversKind),
    attestations: optional('attestations', attestationsKind),
    changes: optional('changes', changesKind),
  };
}

function profileOf(written: string | undefined, fileOf: (written: string) => string) {
  if (written === undefined) return undefined;
  const path = isPath(written) ? fileOf(written) : shippedProfile(written);
  return path === undefined ? undefined : readDocument([path], profileKind);
}
