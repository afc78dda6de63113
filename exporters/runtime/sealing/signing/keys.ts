import { generateKeyPairSync } from 'node:crypto';
import { kopCall } from '../../call.js';
import { NoteError, type NoteSigner, signerOf } from './note.js';

export interface SealKey {
  /** PKCS#8 PEM; the file that `seal.key` refers to. */
  readonly privateKey: string;
  /** To be published, and pinned by whoever verifies. */
  readonly vkey: string;
}

export function generateSealKey(origin: string): SealKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  return {
    privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    vkey: signerOf(origin, privateKey).verifier.vkey,
  };
}

/**
 * One signer for each PEM block. To rotate a key, put the new block before the old one: from then on both sign, and
 * each entry names both keys, so that the old one vouches for the new. Later remove the old block.
 */
export function signersFromPem(origin: string, pem: string): readonly NoteSigner[] {
  const blocks = pem.match(/-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/g) ?? [];
  if (blocks.length === 0) {
    // The text itself must not reach a message: it may be a key in another format.
    throw new NoteError(
      `the seal key is no PKCS#8 PEM (-----BEGIN PRIVATE KEY-----); make one with "${kopCall()} audit keygen"`,
    );
  }
  return blocks.map((block) => signerOf(origin, block));
}
