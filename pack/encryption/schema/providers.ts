import { z } from 'zod';
import { path } from '../../portal/schema/requests.js';
import { database } from '../../postgres/schema/database.js';
import { functionName } from '../../postgres/schema/texts.js';
import { url } from '../../reading/schema/patterns.js';
import { count, expected, flag, oneOf, section, text } from '../../reading/schema/say.js';
import { duration } from '../../reading/schema/units.js';
import { bindings } from '../model.js';

const sla = () =>
  duration().exactOptional().describe('Promised duration of this provider, if it differs from sla: of the section.');

const deterministic = () =>
  flag()
    .prefault(false)
    .describe(
      'Equal plaintexts give equal ciphertexts by design, as with AES-SIV. Values can then be compared without a key. Default false.',
    );

const local = section({
  kind: z.literal('local').describe('AES-256-GCM in the exporter itself: the baseline for every other provider.'),
  sla: sla(),
});

const pkcs11 = section({
  kind: z.literal('pkcs11').describe('A hardware security module, or SoftHSM.'),
  sla: sla(),
  library: text().describe('Its PKCS#11 library, such as /usr/lib/softhsm/libsofthsm2.so.'),
  tokenLabel: text().describe('Label of the token.'),
  pin: text().describe(`PIN of its user, as a reference such as \${file:pin}.`),
  keyLabel: text().prefault('kop-canary').describe('Label of the canary keys. Default kop-canary.'),
  createKeys: flag().prefault(false).describe('Create the canary keys if they are missing. Default false.'),
});

const sqlFunctions = section({
  encrypt: functionName().describe('Function (text, text) returns bytea.'),
  decrypt: functionName().describe('Its inverse, (bytea, text) returns text.'),
});

const pgcrypto = section({
  kind: z.literal('pgcrypto').describe('Functions of a PostgreSQL database.'),
  sla: sla(),
  database: database().describe(
    'Database in which the functions run. The role needs permission to execute them, and no table.',
  ),
  passphrase: text().describe(`Passphrase of the canary, as a reference such as \${env:CANARY_PASSPHRASE}.`),
  options: text().prefault('cipher-algo=aes256').describe('Options of pgp_sym_encrypt. Default cipher-algo=aes256.'),
  functions: sqlFunctions.exactOptional().describe("Functions of the schema. Default: pgcrypto's own."),
  deterministic: deterministic(),
});

const transit = section({
  kind: z.literal('transit').describe("Vault's or OpenBao's transit engine."),
  sla: sla(),
  address: url('full', 'https://vault.example.com:8200').describe('Address of the server.'),
  mount: text().prefault('transit').describe('Path at which the engine is mounted. Default transit.'),
  key: text().describe('Name of the canary key.'),
  namespace: text().exactOptional().describe('Namespace, if the server has namespaces.'),
  token: text().describe(`Token, as a reference such as \${env:VAULT_TOKEN}.`),
  renewToken: flag().prefault(true).describe('Renew the token before it expires. Default true.'),
  caFile: text().exactOptional().describe('Certificates to trust, PEM. Default: those of Node.js.'),
});

const kms = section({
  kind: z.literal('kms').describe('AWS KMS: envelope encryption with data keys.'),
  sla: sla(),
  region: text().describe('Region, such as eu-west-2.'),
  endpoint: url('full', 'https://kms.example.com')
    .exactOptional()
    .describe("Address of the service. Default: AWS's own."),
  keyId: text().describe('Identifier, ARN or alias of the canary key.'),
  accessKeyId: text().exactOptional().describe('Access key. Default: the credentials that the AWS SDK finds.'),
  secretAccessKey: text().exactOptional().describe('Its secret, as a reference.'),
  dataKeyLifetime: duration().prefault('5m').describe('Longest time that one data key is used. Default 5m.'),
  dataKeyMaxUses: count(1, 1_000_000_000)
    .prefault(10_000)
    .describe('Most operations with one data key. Default 10000.'),
}).refine((given) => (given.accessKeyId === undefined) === (given.secretAccessKey === undefined), {
  error: 'holds only one of accessKeyId: and secretAccessKey:',
});

const endpoint = section({
  kind: z.literal('endpoint').describe('The portal encrypts and decrypts a canary for us.'),
  sla: sla(),
  encryptPath: path().describe('Path that encrypts, below the base URL of the portal.'),
  decryptPath: path().describe('Path that decrypts.'),
  authenticated: flag().prefault(true).describe("Send the portal's credentials. Default true."),
  binds: oneOf(bindings)
    .prefault('context')
    .describe(
      'What a ciphertext is bound to: context (it can be decrypted in its own row only), or nothing, as with Fernet. With nothing, the self-tests of the binding do not run, and a value that is moved to another row can be decrypted there. Default context.',
    ),
  deterministic: deterministic(),
});

const kinds = ['local', 'pkcs11', 'pgcrypto', 'transit', 'kms', 'endpoint'].join(', ');

export const provider = z.discriminatedUnion('kind', [local, pkcs11, pgcrypto, transit, kms, endpoint], {
  error: (issue) => expected(issue.code === 'invalid_union' ? `one of ${kinds}` : `a map with a kind: of ${kinds}`),
});

export type ParsedProvider = z.output<typeof provider>;
