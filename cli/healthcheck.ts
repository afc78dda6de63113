import { Command, InvalidArgumentError, Option } from 'commander';
import { askHealth } from '../exporters/runtime/http/healthcheck.js';
import {
  defaultListenAddress,
  InvalidListenAddress,
  type ListenAddress,
  parseListenAddress,
} from '../exporters/runtime/http/listen-address.js';
import { runningExporters } from '../exporters/runtime/state/running.js';

const TIMEOUT_MS = 3000;

const examples = `
It asks the exporter that runs on this machine at the address that it listens on; ${defaultListenAddress} where none has told
its address. Plain HTTP or TLS: it finds out by itself, and needs no password. Where client certificates are required it can
only tell that the exporter answers.

Examples:
  kop healthcheck
      For HEALTHCHECK of a container, a timer of systemd, an exec probe of Kubernetes.
  kop healthcheck --web.listen-address :9465

Exit code: 0 the exporter is alive, 1 it does not answer or only a restart helps, 2 nobody knows whom to ask: the message
says which. Restart it after 1 only.
`;

/** `kop healthcheck`: whether the exporter on this machine answers. */
export function healthcheckCommand(): Command {
  return new Command('healthcheck')
    .summary('ask the exporter on this machine whether it is alive')
    .description('Asks the exporter on this machine whether it is alive.')
    .addOption(
      new Option('--web.listen-address <address>', 'the address that the exporter was given')
        .argParser(address)
        .conflicts('process'),
    )
    .addOption(new Option('--process <pid>', 'the exporter of this process, where several run').argParser(processId))
    .addHelpText('after', examples)
    .action(async (options: { readonly 'web.listenAddress'?: ListenAddress; readonly process?: number }) => {
      const asked = options['web.listenAddress'] ?? (await announcedAddress(options.process));
      if (typeof asked === 'string') {
        process.stderr.write(`${asked}\n`);
        process.exitCode = 2;
        return;
      }
      const health = await askHealth(asked, TIMEOUT_MS);
      if (health.healthy) return;
      process.stderr.write(`${health.reason}\n`);
      process.exitCode = 1;
    });
}

/** @returns a message if it is unknown. */
async function announcedAddress(pid: number | undefined): Promise<ListenAddress | string> {
  const running = (await runningExporters()).filter((each) => pid === undefined || each.pid === pid);
  const [only] = running;
  if (running.length > 1) {
    const those = running.map((each) => `process ${each.pid} at ${each.address}`).join(', ');
    return `several exporters run here; say whom to ask with --process or --web.listen-address: ${those}`;
  }
  if (only !== undefined) return parseListenAddress(only.address);
  if (pid === undefined) return parseListenAddress(defaultListenAddress);
  return `process ${pid} has not told where it listens: it is starting, or is no exporter; see --web.listen-address`;
}

function processId(text: string): number {
  const pid = Number(text);
  if (!Number.isSafeInteger(pid) || pid <= 0) throw new InvalidArgumentError('expected the id of a process');
  return pid;
}

function address(text: string): ListenAddress {
  try {
    return parseListenAddress(text);
  } catch (error) {
    if (error instanceof InvalidListenAddress) throw new InvalidArgumentError(error.message);
    throw error;
  }
}
