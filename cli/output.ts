import { errorCode } from '../exporters/runtime/error-code.js';
import { reasonOf } from '../exporters/runtime/state/failure.js';

/** These go on until somebody ends them, whether or not somebody reads what they say. */
const servers = new Set(['exporters', 'demo']);

/**
 * Whoever reads our output may go away, and the disk behind it may be full. Without this Node.js ends the process with
 * a stack trace and 1, which means that something was found.
 */
export function watchOutput(verb: string | undefined): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error) => {
    if (verb !== undefined && servers.has(verb)) return;
    // After `kop check | head` the reader has what they wanted.
    if (errorCode(error) !== 'EPIPE') process.stderr.write(`kop: the output cannot be written: ${reasonOf(error)}\n`);
    process.exit(2);
  });
}
