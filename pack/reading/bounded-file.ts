import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** A pipe is read for no longer than this. */
const PIPE_PATIENCE_MS = 1500;
const PAUSE_MS = 10;

/** The file cannot be read, or should not be; the message completes the sentence "this file …". */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile';
  /** What was expected, if the message does not say it. */
  readonly expected: string | undefined;
  readonly isTooLarge: boolean = false;

  constructor(message: string, expected?: string, options?: ErrorOptions) {
    super(message, options);
    this.expected = expected;
  }
}

export interface BoundedFile {
  readonly bytes: Buffer;
  /** Permission bits, such as `0o600`. */
  readonly mode: number;
}

/**
 * Reads a file with a maximum size. A device or a folder is refused, and a pipe is read with a time limit: a plain read
 * of either could block the whole process.
 *
 * @param pipes whether a pipe may be read, as in `kop check <(envsubst < pack.yaml)`.
 * @throws {UnreadableFile}
 */
export function readBounded(path: string, maxBytes: number, { pipes = false } = {}): BoundedFile {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw unreadable(error);
  }
  try {
    const stat = fstatSync(file);
    if (stat.isDirectory()) throw new UnreadableFile('is a folder', 'a file');
    const isPipe = stat.isFIFO() || stat.isSocket();
    if (!stat.isFile() && !(isPipe && pipes)) {
      throw new UnreadableFile(isPipe ? 'is a pipe' : 'is a device', 'a regular file');
    }
    if (stat.size > maxBytes) throw tooLarge(maxBytes);
    return { bytes: isPipe ? readPipe(file, maxBytes) : readAll(file, maxBytes), mode: stat.mode & 0o777 };
  } catch (error) {
    throw error instanceof UnreadableFile ? error : unreadable(error);
  } finally {
    closeSync(file);
  }
}

/** A file may be longer than its size says: a file of `/proc` has size 0, and a file may grow while it is read. */
function readAll(file: number, maxBytes: number): Buffer {
  const pieces: Buffer[] = [];
  for (let size = 0; ; ) {
    const piece = Buffer.allocUnsafe(64 * 1024);
    const count = readSync(file, piece);
    if (count === 0) return Buffer.concat(pieces);
    size += count;
    if (size > maxBytes) throw tooLarge(maxBytes);
    pieces.push(piece.subarray(0, count));
  }
}

/** A pipe that nobody has opened for writing reads like one whose writer has ended: no byte means that nobody wrote. */
function readPipe(file: number, maxBytes: number): Buffer {
  const pieces: Buffer[] = [];
  const until = performance.now() + PIPE_PATIENCE_MS;
  for (let size = 0; ; ) {
    const piece = Buffer.allocUnsafe(64 * 1024);
    const count = readSome(file, piece) ?? 'nothing yet';
    if (count === 0 && size > 0) return Buffer.concat(pieces);
    if (count === 0 || count === 'nothing yet') {
      if (performance.now() > until) throw new UnreadableFile('is a pipe into which nobody writes', 'a regular file');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
      continue;
    }
    size += count;
    if (size > maxBytes) throw tooLarge(maxBytes);
    pieces.push(piece.subarray(0, count));
  }
}

/** Undefined: nothing has come yet. */
function readSome(file: number, piece: Buffer): number | undefined {
  try {
    return readSync(file, piece);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return undefined;
    throw error;
  }
}

class TooLarge extends UnreadableFile {
  override readonly isTooLarge = true;
}

function tooLarge(maxBytes: number): UnreadableFile {
  const [size, unit] = maxBytes >= 1024 * 1024 ? [maxBytes / (1024 * 1024), 'MiB'] : [maxBytes / 1024, 'KiB'];
  return new TooLarge(`is larger than ${size} ${unit}`, `a file of at most ${size} ${unit}`);
}

function unreadable(error: unknown): UnreadableFile {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const expected = 'a file that exists and can be read';
  switch (code) {
    case 'ENOENT':
      return new UnreadableFile('does not exist', expected, { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new UnreadableFile('cannot be read: permission denied', expected, { cause: error });
    default:
      return new UnreadableFile(`cannot be read (${String(code ?? error)})`, expected, { cause: error });
  }
}
