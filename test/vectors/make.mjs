/**
 * Ciphertexts made by other people's libraries. Nothing here is a dependency of the pack: make.sh installs the
 * libraries into a folder of its own and runs this there.
 *
 * Usage: node make.mjs plaintexts.json output-folder [ciphersweet openpgp awsEsdk jose gnupg]
 */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [plaintextsFile, output] = process.argv.slice(2);
const plaintexts = JSON.parse(readFileSync(plaintextsFile, 'utf8'));
/** The libraries are installed where make.sh runs, not beside this file. */
const require = createRequire(pathToFileURL(join(process.cwd(), 'package.json')));
const versionOf = (name) => JSON.parse(readFileSync(join('node_modules', name, 'package.json'), 'utf8')).version;
const sha256 = (text) => createHash('sha256').update(text).digest();

function write(name, madeBy, vectors) {
  const lines = vectors.map((vector) => `    ${JSON.stringify(vector)}`).join(',\n');
  writeFileSync(
    join(output, `${name}.json`),
    `{\n  "madeBy": ${JSON.stringify(madeBy)},\n  "vectors": [\n${lines}\n  ]\n}\n`,
  );
}

/** Each plaintext once, and the usual ones of a column some times more. */
const many = [...plaintexts, ...Array.from({ length: 20 }, (_, index) => plaintexts[2 + (index % 5)])];

async function ciphersweet() {
  const { BoringCrypto, CipherSweet, EncryptedField, FIPSCrypto, ModernCrypto, StringProvider } =
    require('ciphersweet-js');
  const vectors = [];
  for (const Backend of [ModernCrypto, FIPSCrypto, BoringCrypto]) {
    const engine = new CipherSweet(new StringProvider(sha256('ciphersweet').toString('hex')), new Backend());
    const field = new EncryptedField(engine, 'product_owners', 'ni_number');
    for (const plaintext of many) {
      vectors.push({ variant: Backend.name, plaintext, text: await field.encryptValue(plaintext) });
    }
  }
  write('ciphersweet', `ciphersweet-js ${versionOf('ciphersweet-js')}`, vectors);
}

async function openpgp() {
  const pgp = require('openpgp');
  const { privateKey, publicKey } = await pgp.generateKey({ userIDs: [{ name: 'canary' }], format: 'object' });
  const rsa = await pgp.generateKey({ type: 'rsa', rsaBits: 2048, userIDs: [{ name: 'canary' }], format: 'object' });
  const variants = [
    ['password', { passwords: ['canary'] }],
    ['two passwords', { passwords: ['canary', 'other'] }],
    ['password, AEAD', { passwords: ['canary'], config: { aeadProtect: true } }],
    ['public key', { encryptionKeys: publicKey }],
    ['public key, RSA', { encryptionKeys: rsa.publicKey }],
    ['two public keys and a password', { encryptionKeys: [publicKey, rsa.publicKey], passwords: ['canary'] }],
    ['signed', { encryptionKeys: publicKey, signingKeys: privateKey }],
  ];
  const vectors = [];
  for (const [variant, options] of variants) {
    for (const plaintext of plaintexts.slice(0, -1)) {
      const message = () => pgp.createMessage({ text: plaintext });
      const bytes = await pgp.encrypt({ message: await message(), format: 'binary', ...options });
      const text = await pgp.encrypt({ message: await message(), ...options });
      vectors.push({ variant, plaintext, base64: Buffer.from(bytes).toString('base64'), text });
    }
  }
  write('openpgp', `openpgp ${versionOf('openpgp')}`, vectors);
}

async function awsEsdk() {
  const {
    buildClient,
    CommitmentPolicy,
    MultiKeyringNode,
    RawAesKeyringNode,
    RawAesWrappingSuiteIdentifier,
    AlgorithmSuiteIdentifier,
  } = require('@aws-crypto/client-node');
  const keyring = (name) =>
    new RawAesKeyringNode({
      keyName: name,
      keyNamespace: 'kingston',
      unencryptedMasterKey: sha256(name),
      wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
    });
  const both = new MultiKeyringNode({ generator: keyring('one'), children: [keyring('two'), keyring('three')] });
  const suites = Object.entries(AlgorithmSuiteIdentifier).filter(([name]) => name.startsWith('ALG_'));
  const vectors = [];
  for (const [suite, suiteId] of suites) {
    const isCommitting = suite.includes('COMMIT');
    const { encrypt } = buildClient(
      isCommitting ? CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT : CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT,
    );
    const settings = [
      ['', keyring('one'), {}],
      [', frames of 10 bytes', keyring('one'), { frameLength: 10 }],
      [', three keys', both, {}],
    ];
    for (const [setting, ring, options] of settings) {
      for (const plaintext of isCommitting || setting === '' ? plaintexts.slice(0, 8) : plaintexts.slice(2, 4)) {
        const { result } = await encrypt(ring, plaintext, {
          suiteId,
          encryptionContext: { purpose: 'canary', table: 'product_owners' },
          ...options,
        });
        vectors.push({ variant: `${suite}${setting}`, plaintext, base64: result.toString('base64') });
      }
    }
  }
  write('aws-esdk', `@aws-crypto/client-node ${versionOf('@aws-crypto/client-node')}`, vectors);
}

async function jose() {
  const { CompactEncrypt } = require('jose');
  const vectors = [];
  const sizes = { A128GCM: 16, A256GCM: 32, 'A128CBC-HS256': 32, 'A192CBC-HS384': 48, 'A256CBC-HS512': 64 };
  for (const alg of ['dir', 'A256KW', 'A256GCMKW']) {
    for (const [enc, size] of Object.entries(sizes)) {
      for (const plaintext of plaintexts.slice(0, 8)) {
        const key = randomBytes(alg === 'dir' ? size : 32);
        const text = await new CompactEncrypt(Buffer.from(plaintext))
          .setProtectedHeader({ alg, enc, kid: 'v3' })
          .encrypt(key);
        vectors.push({ variant: `${alg} ${enc}`, plaintext, text });
      }
    }
  }
  write('jwe', `jose ${versionOf('jose')}`, vectors);
}

/** GnuPG writes data of unknown length in parts, and headers of the old form. */
function gnupg() {
  const home = mkdtempSync(join(tmpdir(), 'vectors-gpg-'));
  const gpg = (args, input) =>
    execFileSync('gpg', ['--homedir', home, '--batch', '--quiet', '--pinentry-mode', 'loopback', ...args], { input });
  try {
    gpg(['--passphrase', '', '--quick-generate-key', 'canary', 'rsa2048', 'encr', 'never'], '');
    const variants = [
      ['passphrase', ['--passphrase', 'canary', '--symmetric']],
      ['passphrase, not compressed', ['--passphrase', 'canary', '--compress-algo', 'none', '--symmetric']],
      ['passphrase, without MDC', ['--passphrase', 'canary', '--rfc2440', '--cipher-algo', 'CAST5', '--symmetric']],
      ['public key', ['--trust-model', 'always', '--recipient', 'canary', '--encrypt']],
      [
        'both',
        ['--trust-model', 'always', '--passphrase', 'canary', '--recipient', 'canary', '--symmetric', '--encrypt'],
      ],
    ];
    const vectors = [];
    for (const [variant, args] of variants) {
      for (const plaintext of [...plaintexts, randomBytes(7000).toString('hex')]) {
        if (plaintext.length > 1000 && !variant.includes('not compressed')) continue;
        const base64 = gpg(args, plaintext).toString('base64');
        vectors.push({
          variant: plaintext.length > 1000 ? `${variant}, in parts` : variant,
          plaintext: plaintext.slice(0, 200),
          base64,
        });
      }
    }
    const [version] = execFileSync('gpg', ['--version'], { encoding: 'utf8' }).split('\n');
    write('gnupg', version, vectors);
  } finally {
    execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']);
    rmSync(home, { recursive: true, force: true });
  }
}

const [, , , , ...wanted] = process.argv;
for (const make of [ciphersweet, openpgp, awsEsdk, jose, gnupg]) {
  if (wanted.length === 0 || wanted.includes(make.name)) await make();
}
