import { isOfTheMachine, reasonOf } from '../exporters/runtime/state/failure.js';

/** A file that was asked for cannot be written; the message says where, why and what to do. */
export class CannotWrite extends Error {
  override readonly name = 'CannotWrite';
}

/** Writes what an option of a command names. @throws {CannotWrite} where the machine does not let us. */
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
