import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { sha256 } from '../tree/merkle.js';

/** C2SP signed-note with Ed25519 (signature type 0x01). */

const ED25519 = 1;
const KEY_ID_BYTES = 4;
const SIGNATURE_BYTES = 64;
// What stands before the 32 raw bytes in an SPKI structure of an Ed25519 key (RFC 8410).
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export class NoteError extends Error {
  override readonly name = 'NoteError';
}

export interface NoteVerifier {
  readonly name: string;
  readonly keyId: string;
  /** `name+keyid+base64(type ‖ key)`: what is published and pinned. */
  readonly vkey: string;
  verify(text: string, signature: Buffer): boolean;
}

export interface NoteSigner {
  readonly verifier: NoteVerifier;
  sign(text: string): Buffer;
}

export interface NoteSignature {
  readonly name: string;
  /** Eight hexadecimal digits. */
  readonly keyId: string;
  readonly signature: Buffer;
}

export interface Note {
  /** Ends with a newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export function isKeyName(name: string): boolean {
  return name !== '' && !/[\s+\p{Cc}\p{Cs}]/u.test(name);
}

export function verifierOf(name: string, rawPublicKey: Buffer): NoteVerifier {
  if (!isKeyName(name)) throw new NoteError(`"${name}" cannot name a key: it must have no spaces and no +`);
  if (rawPublicKey.length !== 32) throw new NoteError('an Ed25519 public key has 32 bytes');
  const material = Buffer.concat([Buffer.of(ED25519), rawPublicKey]);
  const keyId = sha256(Buffer.concat([Buffer.from(`${name}\n`, 'utf8'), material]))
    .subarray(0, KEY_ID_BYTES)
    .toString('hex');
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, rawPublicKey]), format: 'der', type: 'spki' });
  return {
    name,
    keyId,
    vkey: `${name}+${keyId}+${material.toString('base64')}`,
    verify: (text, signature) =>
      signature.length === SIGNATURE_BYTES && verify(null, Buffer.from(text, 'utf8'), key, signature),
  };
}

export function parseVkey(vkey: string): NoteVerifier {
  const [, name, keyId, encoded] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey.trim()) ?? [];
  if (name === undefined || keyId === undefined || encoded === undefined) {
    // A private key that was taken for the public one must not be repeated.
    throw new NoteError('this is no verifier key; expected name+keyid+base64');
  }
  const material = decodeBase64(encoded);
  if (material?.[0] !== ED25519 || material.length !== 33) {
    throw new NoteError(`verifier key ${name}+${keyId} is not an Ed25519 key`);
  }
  const verifier = verifierOf(name, material.subarray(1));
  if (verifier.keyId !== keyId) throw new NoteError(`verifier key ${name}+${keyId} has the wrong key id`);
  return verifier;
}

export function signerOf(name: string, privateKey: KeyObject | string): NoteSigner {
  const key = typeof privateKey === 'string' ? createPrivateKey(privateKey) : privateKey;
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new NoteError(`the seal key must be Ed25519, not ${key.asymmetricKeyType ?? key.type}`);
  }
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return {
    verifier: verifierOf(name, spki.subarray(SPKI_PREFIX.length)),
    sign: (text) => sign(null, Buffer.from(text, 'utf8'), key),
  };
}

/** Several signers sign side by side; during a rotation, readers with either key can verify. */
export function signNote(text: string, signers: readonly NoteSigner[]): string {
  if (!isNoteText(text)) {
    throw new NoteError('a note must end with a newline and hold no other control characters');
  }
  const lines = signers.map(({ verifier, sign: signText }) => {
    const signature = Buffer.concat([Buffer.from(verifier.keyId, 'hex'), signText(text)]);
    return `— ${verifier.name} ${signature.toString('base64')}\n`;
  });
  return `${text}\n${lines.join('')}`;
}

export function parseNote(note: string): Note {
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !isNoteText(note.slice(0, split + 1)) || !note.endsWith('\n')) {
    throw new NoteError('malformed note: no text and signatures divided by an empty line');
  }
  const lines = note.slice(split + 2, -1).split('\n');
  const signatures = lines.map((line) => {
    const [, name, encoded] = /^— (\S+) (\S+)$/.exec(line) ?? [];
    const bytes = encoded === undefined ? undefined : decodeBase64(encoded);
    if (name === undefined || !isKeyName(name) || bytes === undefined || bytes.length <= KEY_ID_BYTES) {
      throw new NoteError('malformed note: a signature line is not "— name base64"');
    }
    return {
      name,
      keyId: bytes.subarray(0, KEY_ID_BYTES).toString('hex'),
      signature: bytes.subarray(KEY_ID_BYTES),
    };
  });
  return { text: note.slice(0, split + 1), signatures };
}

export interface OpenedNote extends Note {
  /** Those of the known keys that signed; never empty. */
  readonly signedBy: readonly NoteVerifier[];
}

/**
 * The text of a note that a known key signed. Signatures by unknown keys are passed over, as C2SP wants it; one
 * wrong signature by a known key spoils the note.
 * @throws {NoteError}
 */
export function openNote(note: string, known: readonly NoteVerifier[]): OpenedNote {
  const parsed = parseNote(note);
  const signedBy: NoteVerifier[] = [];
  for (const { name, keyId, signature } of parsed.signatures) {
    const verifier = known.find((candidate) => candidate.name === name && candidate.keyId === keyId);
    if (verifier === undefined || signedBy.includes(verifier)) continue;
    if (!verifier.verify(parsed.text, signature)) {
      throw new NoteError(`the signature of key ${name}+${keyId} does not fit the text`);
    }
    signedBy.push(verifier);
  }
  if (signedBy.length === 0) {
    const signers = parsed.signatures.map(({ name, keyId }) => `${name}+${keyId}`).join(', ');
    throw new NoteError(`no known key signed; signed by ${signers}`);
  }
  return { ...parsed, signedBy };
}

/** Strict: what does not encode back to the same text is refused, so one note has one spelling. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

function isNoteText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the specification forbids exactly these
  return text.endsWith('\n') && !/[\u0000-\u0009\u000b-\u001f]/.test(text) && !/\p{Cs}/u.test(text);
}
