import { secretsOfDatabase } from '../postgres/secret-places.js';
import { secretsOfSeal } from '../sealing/secret-places.js';
import type { SecretsOfSection } from '../secrets/secret-places.js';

export const secretsOfBoards: SecretsOfSection = {
  places: [
    ...secretsOfDatabase(['*', 'databases', '*']),
    ...secretsOfDatabase(['*', 'evidence', 'database']),
    ...secretsOfSeal(['*', 'evidence', 'seal']),
    ...['username', 'password', 'bearerToken'].map((key) => ['*', 'prometheus', key]),
  ],
  described: 'url:, password:, bearerToken:, key: and the credentials of anchors',
  hasOurKeys: true,
  secretMaps: ['databases', 'prometheus'],
  address: ['*', 'databases', '*', 'url'],
};
