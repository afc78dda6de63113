import { placesOfRequests, type SecretsOfSection } from '../secrets/secret-places.js';

const step = ['*', 'steps', '*'];

export const secretsOfWorkflows: SecretsOfSection = {
  places: [
    [...step, 'headers', '*'],
    [...step, 'query', '*'],
    [...step, 'body', 'form', '*'],
    [...step, 'body', 'json', '**'],
  ],
  described: placesOfRequests,
  hasOurKeys: false,
  requestPaths: [[...step, 'path']],
};
