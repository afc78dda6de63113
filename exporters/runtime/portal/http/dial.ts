import { connect as netConnect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { formatMs } from '../../format.js';
import { abortable } from '../../measuring/abortable.js';
import type { Cancellation } from '../../measuring/cancellation.js';
import { OurFault, StepFailure } from '../step-failure.js';
import { failureToConnect } from './failure.js';
import { faultOfAll, machineFault } from './machine-fault.js';

/** The result of one connection attempt. `overtaken`: another address was faster, so the result is unknown. */
export interface AddressTry {
  readonly address: string;
  readonly outcome: 'connected' | 'failed' | 'overtaken';
  /** Readable reason. */
  readonly detail: string;
}

/** RFC 8305, 5: after this long the next address is tried in parallel. */
const ATTEMPT_DELAY_MS = 250;

/**
 * Connects to the first of several addresses that answers, as browsers and curl do: the next one is tried when one
 * fails, or in parallel after a quarter of a second (RFC 8305, 5). Time that is lost with a dead address counts,
 * because users lose it too.
 *
 * @param note called for each attempt, whatever the overall result is.
 * @throws {StepFailure} `connect`, {@link OurFault}, or the signal's reason.
 */
export function dial(
  addresses: readonly string[],
  port: number,
  signal: Cancellation,
  note: (result: AddressTry) => void,
): Promise<{ socket: Socket; address: string }> {
  return abortable(signal, (done, fail, onAbort) => {
    const started = performance.now();
    const trying = new Map<string, Socket>();
    const failures: { readonly address: string; readonly error: Error }[] = [];
    const where = (address: string) => `${shown(address)}:${port}`;
    let next = 0;
    let timer: NodeJS.Timeout | undefined;
    const after = () => `after ${formatMs(performance.now() - started)}`;
    const end = (outcome: 'failed' | 'overtaken') => {
      clearTimeout(timer);
      next = addresses.length;
      for (const [address, socket] of trying) {
        note({ address, outcome, detail: outcome === 'failed' ? `no answer ${after()}` : `overtaken ${after()}` });
        socket.destroy();
      }
      trying.clear();
    };
    const tryNext = () => {
      clearTimeout(timer);
      const address = addresses[next];
      next += 1;
      if (address === undefined) {
        if (trying.size > 0) return;
        const known = failures.map((one) => failureOf(one.error, where(one.address)));
        void Promise.all(known).then((all) => fail(failureOfAll(all)), fail);
        return;
      }
      const socket = netConnect({ host: address, port });
      trying.set(address, socket);
      const failed = (error: Error) => {
        // An overtaken attempt may still fail.
        if (!trying.delete(address)) return;
        failures.push({ address, error });
        note({ address, outcome: 'failed', detail: failureToConnect(error, where(address)).message });
        tryNext();
      };
      socket.on('error', failed);
      socket.once('connect', () => {
        if (!trying.delete(address)) return;
        end('overtaken');
        note({ address, outcome: 'connected', detail: `connected ${after()}` });
        done({ socket, address });
      });
      if (next < addresses.length) timer = setTimeout(tryNext, ATTEMPT_DELAY_MS);
    };
    onAbort(() => end('failed'));
    tryNext();
  });
}

async function failureOf(error: Error, where: string): Promise<StepFailure> {
  return (await machineFault(error, where)) ?? failureToConnect(error, where);
}

function failureOfAll(failures: readonly StepFailure[]): StepFailure {
  const [first] = failures;
  const ours = faultOfAll(failures.map((failure) => (failure instanceof OurFault ? failure : undefined)));
  if (ours !== undefined) return ours;
  if (failures.length === 1 && first !== undefined) return first;
  return new StepFailure('connect', failures.map(({ message }) => message).join('; '), { cause: first });
}

function shown(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
