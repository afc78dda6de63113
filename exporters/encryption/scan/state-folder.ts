import { ScanFailure } from './failure.js';

/** Files of ours may be named in full; nothing but a code is taken from the system's own words. */
export async function inStateFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ScanFailure) throw error;
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new ScanFailure('state', `stateDirectory: progress cannot be kept in ${folder}${code}`);
  }
}
