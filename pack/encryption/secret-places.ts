import { secretsOfDatabase } from '../postgres/secret-places.js';
import type { SecretsOfSection } from '../secrets/secret-places.js';

const databases = [
  ['scan', 'database'],
  ['scan', 'replica'],
  ['timings', '*', 'database'],
  ['providers', '*', 'database'],
];

export const secretsOfEncryption: SecretsOfSection = {
  places: [
    ...databases.flatMap((database) => secretsOfDatabase(['*', ...database])),
    ...['pin', 'passphrase', 'token', 'accessKeyId', 'secretAccessKey'].map((key) => ['*', 'providers', '*', key]),
  ],
  described: 'url:, password: and the credentials of providers',
  hasOurKeys: true,
  secretMaps: ['providers'],
};
