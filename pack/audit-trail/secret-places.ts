import { secretsOfDatabase } from '../postgres/secret-places.js';
import { secretsOfSeal } from '../sealing/secret-places.js';
import type { SecretsOfSection } from '../secrets/secret-places.js';

export const secretsOfTrails: SecretsOfSection = {
  places: [
    ...[['database'], ['replica'], ['witness', 'database']].flatMap((database) =>
      secretsOfDatabase(['*', ...database]),
    ),
    ...secretsOfSeal(['*', 'seal']),
  ],
  described: 'url:, password:, key: and the credentials of anchors',
  hasOurKeys: true,
  secretMaps: ['witness'],
  address: ['*', 'database', 'url'],
};
