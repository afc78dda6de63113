import type { SecretPlaces } from '../secrets/secret-places.js';

/** What reading must be told of a description, so that it knows no section by its name. */
export interface Layout {
  /** The sections that there may be, in the order in which messages list them. */
  readonly sections: readonly string[];
  /** Those of them in which an entry stands by itself, under a name. */
  readonly sectionsOfEntries: readonly string[];
  readonly secrets: SecretPlaces;
}
