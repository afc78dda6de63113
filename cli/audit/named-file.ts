import { readBounded, UnreadableFile } from '../../pack/reading/bounded-file.js';
import { CannotRun } from './trail.js';

/**
 * The text of a file that the operator names. Devices and pipes are refused, because they may never end.
 *
 * @throws {CannotRun}
 */
export function namedFile(path: string, maxBytes: number): string {
  return namedBytes(path, maxBytes).toString('utf8');
}

/** @throws {CannotRun} */
export function namedBytes(path: string, maxBytes: number): Buffer {
  try {
    return readBounded(path, maxBytes, { pipes: true }).bytes;
  } catch (error) {
    throw error instanceof UnreadableFile ? new CannotRun(`${path} ${error.message}`) : error;
  }
}
