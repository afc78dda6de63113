import { CannotKeepState, reasonOf, type StateFolder } from '../../runtime/state/index.js';
import { ScanFailure } from './failure.js';

/**
 * Work on a file of ours, whose place may be named in full.
 *
 * @param file tells one work from another.
 * @throws {ScanFailure} `state` when the folder is in the way.
 */
export async function inStateFolder<T>(folder: StateFolder, file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await folder.attempt(file, work);
  } catch (error) {
    if (error instanceof ScanFailure) throw error;
    if (error instanceof CannotKeepState) throw new ScanFailure('state', error.message);
    throw new ScanFailure('state', `the progress of the scan cannot be kept in ${folder.path}: ${reasonOf(error)}`);
  }
}
