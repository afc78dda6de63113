/** The whole of `pack.yaml`, composed of the shared sections and the domains. */
import type { z } from 'zod';
import type { PackDomain } from './domain.js';
import { type DomainEntries, eachDomain } from './domains.js';
import { extendsSchema } from './reading/inheritance.js';
import type { Layout } from './reading/layout.js';
import { section } from './reading/schema/say.js';
import { SecretPlaces } from './secrets/secret-places.js';
import { sharedSecrets } from './shared/index.js';
import { type SharedSection, sharedSectionsOfEntries, sharedShape } from './shared/schema.js';

export type PackSection = SharedSection | keyof DomainEntries;

/** Without their entries' types, for what treats all alike. */
export const packDomains: readonly PackDomain[] = listed();

function listed(): readonly PackDomain[] {
  const found: PackDomain[] = [];
  eachDomain((domain) => {
    found.push(domain);
    return [];
  });
  return found;
}

const domainShape: Readonly<Record<string, z.ZodType>> = Object.fromEntries(
  packDomains.map(({ key, schema }) => [key, schema]),
);

export const layout: Layout = {
  sections: [...Object.keys(sharedShape), ...Object.keys(domainShape)],
  sectionsOfEntries: [...sharedSectionsOfEntries, ...Object.keys(domainShape)],
  secrets: new SecretPlaces({
    ...sharedSecrets,
    ...Object.fromEntries(packDomains.flatMap(({ key, secrets }) => (secrets === undefined ? [] : [[key, secrets]]))),
  }),
};

export const packSchema = section(
  {
    extends: extendsSchema(layout.sections)
      .exactOptional()
      .describe(
        'Sections of the earlier files that this file adds to; the others start empty. none: all start empty. Default: it adds to all.',
      ),
    ...sharedShape,
    ...domainShape,
  },
  'a map of sections',
);
