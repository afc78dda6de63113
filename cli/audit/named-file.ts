import { readBounded, UnreadableFile } from '../../pack/bounded-file.js';
import { CannotRun } from './trail.js';

/**
 * The text of a file that the operator names. A device or a pipe of which nobody writes the end would be read for ever.
 *
 * @throws {CannotRun}
 */
export function namedFile(path: string, maxBytes: number): string {
  try {
    return readBounded(path, maxBytes, { pipes: true }).bytes.toString('utf8');
  } catch (error) {
    throw error instanceof UnreadableFile ? new CannotRun(`${path} ${error.message}`) : error;
  }
}
