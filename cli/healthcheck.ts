import { Command, InvalidArgumentError, Option } from 'commander';
import { askHealth } from '../exporters/runtime/http/healthcheck.js';
import {
  defaultListenAddress,
  InvalidListenAddress,
  type ListenAddress,
  parseListenAddress,
} from '../exporters/runtime/http/listen-address.js';

const TIMEOUT_MS = 3000;

const examples = `
Plain HTTP or TLS: it finds out by itself, and needs no password. Where client certificates are required it can only tell
that the exporter answers.

Examples:
  kop healthcheck
      For HEALTHCHECK of a container, a timer of systemd, an exec probe of Kubernetes.
  kop healthcheck --web.listen-address :9465

Exit code: 0 the exporter is alive, 1 it does not answer or only a restart helps: the message says which
`;

/** `kop healthcheck`: whether the exporter of this machine answers. */
export function healthcheckCommand(): Command {
  return new Command('healthcheck')
    .summary('ask the exporter on this machine whether it is alive')
    .description('Asks the exporter on this machine whether it is alive.')
    .addOption(
      new Option('--web.listen-address <address>', 'the address that the exporter was given')
        .argParser(address)
        .default(parseListenAddress(defaultListenAddress), defaultListenAddress),
    )
    .addHelpText('after', examples)
    .action(async (options: { readonly 'web.listenAddress': ListenAddress }) => {
      const health = await askHealth(options['web.listenAddress'], TIMEOUT_MS);
      if (health.healthy) return;
      process.stderr.write(`${health.reason}\n`);
      process.exitCode = 1;
    });
}

function address(text: string): ListenAddress {
  try {
    return parseListenAddress(text);
  } catch (error) {
    if (error instanceof InvalidListenAddress) throw new InvalidArgumentError(error.message);
    throw error;
  }
}
