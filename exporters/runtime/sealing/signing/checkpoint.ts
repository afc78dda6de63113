import { HASH_BYTES } from '../tree/merkle.js';
import { decodeBase64, NoteError, type NoteSigner, type NoteVerifier, openNote, signNote } from './note.js';

/** C2SP tlog-checkpoint: origin, size and root, one a line. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/** Extension lines are allowed by the specification and passed over. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, size, encodedRoot] = text.split('\n');
  const root = encodedRoot === undefined ? undefined : decodeBase64(encodedRoot);
  if (
    origin === undefined ||
    origin === '' ||
    size === undefined ||
    !/^(0|[1-9][0-9]{0,15})$/.test(size) ||
    root?.length !== HASH_BYTES
  ) {
    throw new NoteError('malformed checkpoint: expected origin, size and root, one a line');
  }
  return { origin, size: Number(size), root };
}

export function signCheckpoint(checkpoint: Checkpoint, signers: readonly NoteSigner[]): string {
  return signNote(checkpointText(checkpoint), signers);
}

/** @throws {NoteError} when no known key signed, or it is the checkpoint of another log. */
export function openCheckpoint(note: string, known: readonly NoteVerifier[], origin: string): Checkpoint {
  const checkpoint = parseCheckpoint(openNote(note, known).text);
  if (checkpoint.origin !== origin) {
    throw new NoteError(`this checkpoint is of "${checkpoint.origin}", not of "${origin}"`);
  }
  return checkpoint;
}
