import { domain } from '../domain.js';
import { encryptionMetrics } from './metrics.js';
import { recordedOfEncryption } from './recorded.js';
import { resolveEncryption } from './resolve.js';
import { encryptions } from './rules.js';
import { encryptionSchema } from './schema/encryption.js';
import { secretsOfEncryption } from './secret-places.js';
import { encryptionWarnings } from './warnings.js';

export const encryption = domain({
  key: 'encryption',
  noun: 'description of encryption',
  nouns: 'descriptions of encryption',
  about: 'What is promised about field encryption: how fast, with which keys, in which columns.',
  schema: encryptionSchema,
  rules: [encryptions],
  resolve: resolveEncryption,
  warnings: encryptionWarnings,
  secrets: secretsOfEncryption,
  metrics: [{ title: 'Encryption', metrics: encryptionMetrics }],
  recorded: recordedOfEncryption,
});
