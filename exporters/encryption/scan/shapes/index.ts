import type { CiphertextFormat } from '../../../../pack/encryption/model.js';
import { awsEsdk } from './aws-esdk.js';
import { ciphersweet } from './ciphersweet.js';
import { fernet } from './fernet.js';
import { kingston } from './kingston.js';
import { pgp } from './pgp.js';
import type { Shape } from './shape.js';
import { transit } from './transit.js';

export { type RowState, rowStates, type Shape } from './shape.js';

/** One more format is one more file, and a line here. */
export const shapes: Readonly<Record<Exclude<CiphertextFormat['kind'], 'regex'>, Shape>> = {
  'kingston-jsonb': kingston,
  transit,
  fernet,
  'aws-esdk': awsEsdk,
  ciphersweet,
  pgp,
};
