import { Command, InvalidArgumentError, Option } from 'commander';
import { exporters } from '../exporters/exporters.js';
import type { ExporterEntry } from '../exporters/runtime/exporter-entry.js';
import {
  defaultListenAddress,
  InvalidListenAddress,
  type ListenAddress,
  parseListenAddress,
} from '../exporters/runtime/http/listen-address.js';
import { CannotListen } from '../exporters/runtime/http/listener.js';
import { type LogFormat, type LogLevel, logFormats, logLevels } from '../exporters/runtime/log.js';
import { runExporters } from '../exporters/runtime/run.js';
import { InvalidShard, parseShard, type Shard, wholeShard } from '../exporters/runtime/shard.js';
import { obeySignals } from '../exporters/runtime/signals.js';
import { StateTaken, statePlace } from '../exporters/runtime/state/index.js';
import { readWebConfig } from '../exporters/runtime/web/config.js';
import { InvalidWebConfig } from '../exporters/runtime/web/problems.js';
import { loadPack, type PackSection } from '../pack/index.js';
import { InvalidPack } from '../pack/reading/problems.js';
import { suggest } from '../pack/reading/suggest.js';
import { configFileOption } from './config-file.js';

interface Options {
  readonly 'config.file': readonly string[];
  readonly 'config.check'?: true;
  readonly 'web.listenAddress'?: readonly ListenAddress[];
  readonly 'web.config.file'?: string;
  readonly 'web.allowedHost'?: readonly string[];
  readonly 'web.maxRequests': number;
  readonly 'web.drain': number;
  readonly 'log.level': LogLevel;
  readonly 'log.format': LogFormat;
  readonly shard: Shard;
  readonly stateDirectory?: string;
}

const examples = `
Exporters:
${exporters.map(({ name, summary }) => `  ${name.padEnd(14)} ${summary}`).join('\n')}

Examples:
  kop exporters
      Every exporter, the description that comes with the pack, http://${defaultListenAddress}/
  kop exporters --config.file pack.yaml --config.file mine.yaml --config.check
      Say whether the configuration can be used, and end.
  kop exporters workflow-sla --web.listen-address :9464 --web.config.file web.yml
      Reachable from elsewhere, with the TLS and users of web.yml.
  kop exporters --shard 2/4
      The second of four processes that share the work by name.

Who names an exporter must have its secrets at hand. Without names, an audit trail whose database is named by a variable
that is not set is taken for one that is not connected yet: it is shown, and everything about it is unknown.

State:     what must be known after a restart is kept in the folder of --state-directory, else of the variable
           KOP_STATE_DIRECTORY, else of systemd's StateDirectory=, else in $XDG_STATE_HOME/kop, else in
           ~/.local/state/kop. One process at a time may use it.
Endpoints: / /metrics /-/healthy /-/ready and POST /-/reload
Signals:   SIGHUP reloads the configuration; SIGTERM and SIGINT finish what is under way and end with 0;
           a second SIGINT ends at once. What comes during the start is obeyed after it.
Exit code: 0 ended in order, 2 cannot run: the message says why
`;

export function exportersCommand(): Command {
  return new Command('exporters')
    .summary('measure, and serve the metrics to Prometheus')
    .description('Measures what the configuration promises and serves the metrics to Prometheus.')
    .argument('[names...]', 'which exporters to run (default: all)')
    .addOption(configFileOption())
    .option('--config.check', 'check the configuration and end')
    .addOption(
      new Option(
        '--web.listen-address <address>',
        `host:port, :port or [::1]:port to listen on; repeatable (default: ${defaultListenAddress})`,
      ).argParser(collectAddress),
    )
    .option(
      '--web.config.file <path>',
      "TLS, users, headers and rate limit, in the format of Prometheus's exporter-toolkit",
    )
    .addOption(
      new Option(
        '--web.allowed-host <name>',
        "name that the server answers to in the Host header, beside addresses and this machine's names; repeatable (default: on loopback none, elsewhere any)",
      ).argParser((value: string, before: readonly string[] | undefined) => collect(value, before ?? [])),
    )
    .option(
      '--web.max-requests <count>',
      'scrapes answered at once, and as many probes; further ones get 503',
      wholeNumber(1, 10_000),
      40,
    )
    .option('--web.drain <seconds>', 'time that answers under way have to finish at the end', wholeNumber(0, 3600), 10)
    .addOption(new Option('--log.level <level>', 'least severity to log').choices(logLevels).default('info'))
    .addOption(
      new Option('--log.format <format>', 'form of the log on standard error').choices(logFormats).default('logfmt'),
    )
    .addOption(
      new Option('--shard <index/count>', 'measure only this share of the names')
        .argParser(argument(parseShard, InvalidShard))
        .default(wholeShard, '1/1'),
    )
    .option('--state-directory <folder>', 'where to keep what must be known after a restart (default: see below)')
    .addHelpText('after', examples)
    .action(async (names: string[], options: Options, command: Command) => {
      const entries = chosen(names, command);
      try {
        const allowUnconnected = names.length === 0;
        if (options['config.check'] === true) checkOnly(entries, options, allowUnconnected);
        else await run(entries, options, allowUnconnected);
      } catch (error) {
        if (!isOperatorsMatter(error)) throw error;
        process.stderr.write(`${error.message}\n`);
        process.exitCode = 2;
      }
    });
}

function chosen(names: readonly string[], command: Command): readonly ExporterEntry[] {
  const known = exporters.map(({ name }) => name);
  for (const name of names) {
    if (known.includes(name)) continue;
    const meant = suggest(name, known);
    const hint = meant === undefined ? `; there are ${known.join(', ')}` : `; did you mean '${meant}'?`;
    command.error(`there is no exporter '${name}'${hint}`, { exitCode: 2 });
  }
  return names.length === 0 ? exporters : exporters.filter(({ name }) => names.includes(name));
}

/** To run one exporter, the secrets of another are not needed. */
function secretsOf(entries: readonly ExporterEntry[]): readonly PackSection[] {
  return entries.flatMap((entry) => entry.secretsOf);
}

function checkOnly(entries: readonly ExporterEntry[], options: Options, allowUnconnected: boolean): void {
  const { source } = loadPack(options['config.file'], { requireSecrets: secretsOf(entries), allowUnconnected });
  const web = options['web.config.file'];
  if (web !== undefined) readWebConfig(web);
  process.stdout.write(`${[...source.files, ...(web === undefined ? [] : [web])].join(', ')}: OK\n`);
}

async function run(entries: readonly ExporterEntry[], options: Options, allowUnconnected: boolean): Promise<void> {
  const factories = await Promise.all(entries.map(async ({ name, load }) => ({ name, create: await load() })));
  const webConfigFile = options['web.config.file'];
  const running = await runExporters({
    factories,
    configFiles: options['config.file'],
    requireSecrets: secretsOf(entries),
    allowUnconnected,
    listenAddresses: options['web.listenAddress'] ?? [parseListenAddress(defaultListenAddress)],
    ...(webConfigFile === undefined ? {} : { webConfigFile }),
    logLevel: options['log.level'],
    logFormat: options['log.format'],
    shard: options.shard,
    maxRequests: options['web.maxRequests'],
    allowedHosts: options['web.allowedHost'] ?? [],
    drainMs: options['web.drain'] * 1000,
    statePlace: statePlace(options.stateDirectory),
  });
  obeySignals(running);
}

/** An error that the operator can fix; the message is complete. */
function isOperatorsMatter(error: unknown): error is Error {
  return [InvalidPack, InvalidWebConfig, CannotListen, StateTaken].some((kind) => error instanceof kind);
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function collectAddress(value: string, before: readonly ListenAddress[] | undefined): readonly ListenAddress[] {
  return [...(before ?? []), argument(parseListenAddress, InvalidListenAddress)(value)];
}

/** A parser whose error is reported as an error of the option. */
function argument<T>(parse: (text: string) => T, complaint: new (message: string) => Error): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof complaint) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };
}

function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < minimum || value > maximum) {
      throw new InvalidArgumentError(`Expected a whole number from ${minimum} to ${maximum}.`);
    }
    return value;
  };
}
