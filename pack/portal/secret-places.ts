import { placesOfRequests, type SecretsOfSection } from '../secrets/secret-places.js';

const ofUser = [
  ['fields', '*'],
  ['forms', '*', 'fields', '*'],
  ['secondStep', 'fields', '*'],
  ['totp', 'secret'],
  ['username'],
  ['password'],
  ['value'],
  ['clientId'],
  ['clientSecret'],
];

export const secretsOfPortals: SecretsOfSection = {
  places: [
    ['*', 'headers', '*'],
    ['*', 'variables', '*'],
    ...[['auth'], ['identities', '*']].flatMap((user) => ofUser.map((place) => ['*', ...user, ...place])),
    ['*', 'tls', 'keyPassphrase'],
  ],
  described: placesOfRequests,
  hasOurKeys: false,
};
