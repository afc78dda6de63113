import { isOfTheMachine, reasonOf } from '../exporters/runtime/state/failure.js';

/** A requested file cannot be written; the message says where, why and what to do. */
export class CannotWrite extends Error {
  override readonly name = 'CannotWrite';
}

/** Writes the file that an option names. @throws {CannotWrite} when it cannot be written. */
export async function writing<T>(path: string, option: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isOfTheMachine(error)) throw error;
    throw new CannotWrite(
      `${path || "''"} cannot be written: ${reasonOf(error)}; choose another place with ${option}`,
      {
        cause: error,
      },
    );
  }
}
