import { errorCode } from '../exporters/runtime/error-code.js';
import { reasonOf } from '../exporters/runtime/state/failure.js';

/** These commands run until they are stopped, whether or not their output is read. */
const servers = new Set(['exporters', 'demo']);

/**
 * The reader of our output may exit, and its disk may be full. Without this, Node.js would end the process with a stack
 * trace and exit code 1, which means that something was found.
 */
export function watchOutput(verb: string | undefined): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error) => {
    if (verb !== undefined && servers.has(verb)) return;
    // With `kop check | head` the reader has read enough.
    if (errorCode(error) !== 'EPIPE') process.stderr.write(`kop: the output cannot be written: ${reasonOf(error)}\n`);
    process.exit(2);
  });
}
