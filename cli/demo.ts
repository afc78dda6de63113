import { Command, InvalidArgumentError, Option } from 'commander';
import { checkRule, FAULT_KINDS, FLAG_HELP, InvalidFault, MAX_SCALE, ruleFromFlag } from '../demo/portal/index.js';
import {
  AdminRefused,
  askAdmin,
  defaultPorts,
  InvalidPorts,
  parsePorts,
  playBadAfternoon,
  runDemo,
} from '../demo/stack/index.js';

type Ports = ReturnType<typeof parsePorts>;

interface Options {
  readonly ports?: Ports;
  readonly dataDir?: string;
  readonly scale?: number;
  readonly pathStyle: 'underscore' | 'kebab';
  readonly tls?: true;
  readonly fault: readonly unknown[];
  readonly badAfternoon?: number | true;
  readonly prometheus: boolean;
  readonly grafana: boolean;
  readonly fast?: true;
  readonly json?: true;
}

const defaultAdminUrl = `http://127.0.0.1:${defaultPorts.admin}`;

const examples = `
Starts PostgreSQL, a stand-in portal, the exporters and, where they are installed, Prometheus, Alertmanager and
Grafana, all on 127.0.0.1. Says where everything is, and what is missing and how to get it.

Examples:
  $ kop demo                                    everything, on the ports everybody knows
  $ kop demo --fast --bad-afternoon 10          alerts within half a minute, and reasons for them
  $ kop demo --ports any --json                 for programs: one line of JSON when everything is up
  $ kop demo fault latency=1800,route=/api/client_groups/*
  $ kop demo fault --clear

Environment:
  DATABASE_URL   an empty PostgreSQL database to use in place of a server of our own
  GRAFANA_HOME   folder of an unpacked Grafana, where grafana is not on the PATH

Exit codes:
  0  ended by Ctrl-C or SIGTERM, everything stopped
  2  something that the demo cannot do without did not start; the message says what to do`;

/** `kop demo`: the complete stack on one machine. */
export function demoCommand(): Command {
  const demo = new Command('demo')
    .summary('run everything on this machine, against a stand-in portal')
    .description('Runs the whole pack on this machine, against a stand-in portal with faults on demand.')
    .addOption(
      new Option(
        '--ports <name=port,...>',
        `where to listen; "any" for whatever is free (default: ${portsText()})`,
      ).argParser(argument(parsePorts, InvalidPorts)),
    )
    .option('--data-dir <folder>', 'keep all data there (default: a fresh folder below .kop, removed at the end)')
    .option(
      '--scale <factor>',
      `size of the portal's data, 1 to ${MAX_SCALE}; 1 is a real firm`,
      wholeNumber(MAX_SCALE),
    )
    .addOption(
      new Option('--path-style <style>', 'how the portal spells its paths')
        .choices(['underscore', 'kebab'])
        .default('underscore'),
    )
    .option(
      '--tls',
      'the portal speaks HTTPS with a self-signed certificate; with --fault certificate=10 it soon expires',
    )
    .option('--fault <fault>', `begin with a fault; repeatable: ${FLAG_HELP}`, collectFault, [])
    .option(
      '--bad-afternoon [speed]',
      'play a scripted afternoon of errors, this many times as fast (default: 1)',
      factor(10_000),
    )
    .option('--no-prometheus', 'without Prometheus and Alertmanager')
    .option('--no-grafana', 'without Grafana')
    .option('--fast', 'measure, scrape and notify every few seconds; the rules and their windows stay the same')
    .option(
      '--json',
      'print the addresses as one line of JSON when everything is up; all other output goes to standard error',
    )
    .addHelpText('after', examples)
    .action(async (options: Options) => {
      process.exitCode = await run(options);
    });
  demo.addCommand(faultCommand().copyInheritedSettings(demo));
  demo.addCommand(badAfternoonCommand().copyInheritedSettings(demo));
  return demo;
}

async function run(options: Options): Promise<number> {
  const { ports, dataDir, scale, badAfternoon } = options;
  return runDemo({
    ports: ports ?? defaultPorts,
    pathStyle: options.pathStyle,
    withTls: options.tls === true,
    faults: options.fault,
    withPrometheus: options.prometheus,
    withGrafana: options.grafana,
    isFast: options.fast === true,
    isJson: options.json === true,
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(scale === undefined ? {} : { scale }),
    ...(badAfternoon === undefined ? {} : { badAfternoonSpeed: badAfternoon === true ? 1 : badAfternoon }),
  });
}

interface FaultOptions {
  readonly admin: string;
  readonly clear?: string | true;
}

function faultCommand(): Command {
  return new Command('fault')
    .summary('break something in a running demo, or mend it')
    .description('Sets a fault in the portal of a running demo, clears it, or lists those in force.')
    .argument('[fault]', FLAG_HELP)
    .option('--clear [id]', 'clear the fault of this id, or all')
    .option('--admin <url>', "the portal's switchboard, as the demo says at its start", defaultAdminUrl)
    .addHelpText('after', `\nKinds: ${FAULT_KINDS.join(', ')}\nWithout a fault, lists those in force.`)
    .action(async (fault: string | undefined, { admin, clear }: FaultOptions, command: Command) => {
      await talk(command, async () => {
        if (clear !== undefined) {
          return askAdmin(
            admin,
            'DELETE',
            clear === true ? '/admin/faults' : `/admin/faults/${encodeURIComponent(clear)}`,
          );
        }
        return fault === undefined
          ? askAdmin(admin, 'GET', '/admin/faults')
          : askAdmin(admin, 'PUT', '/admin/faults', ruleFromFlag(fault));
      });
    });
}

function badAfternoonCommand(): Command {
  return new Command('bad-afternoon')
    .summary('play a scripted afternoon of errors in a running demo')
    .description('Plays an hour and a half of growing errors in the portal of a running demo, and heals it.')
    .argument('[speed]', 'how many times as fast', factor(10_000), 1)
    .option('--stop', 'end it where it is and undo it')
    .option('--admin <url>', "the portal's switchboard, as the demo says at its start", defaultAdminUrl)
    .action(async (speed: number, { admin, stop }: { admin: string; stop?: true }, command: Command) => {
      await talk(command, async () => {
        if (stop === true) {
          return askAdmin(admin, 'DELETE', '/admin/scenario');
        }
        await playBadAfternoon(admin, speed);
        return askAdmin(admin, 'GET', '/admin/scenario');
      });
    });
}

async function talk(command: Command, ask: () => Promise<unknown>): Promise<void> {
  try {
    process.stdout.write(`${JSON.stringify(await ask(), undefined, 2)}\n`);
  } catch (error) {
    if (error instanceof AdminRefused || error instanceof InvalidFault) {
      command.error(error.message, { exitCode: 2 });
    }
    throw error;
  }
}

function collectFault(text: string, before: readonly unknown[]): readonly unknown[] {
  return [...before, argument((given) => checkRule(ruleFromFlag(given)), InvalidFault)(text)];
}

function portsText(): string {
  return Object.entries(defaultPorts)
    .map(([name, port]) => `${name}=${port}`)
    .join(',');
}

function factor(maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!(value > 0 && value <= maximum)) {
      throw new InvalidArgumentError(`Expected a number above 0, at most ${maximum}.`);
    }
    return value;
  };
}

function wholeNumber(maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1 || value > maximum) {
      throw new InvalidArgumentError(`Expected a whole number from 1 to ${maximum}.`);
    }
    return value;
  };
}

/** A parser whose error is reported as an error of the option. */
function argument<T>(parse: (text: string) => T, complaint: new (...given: never[]) => Error): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof complaint) {
        throw new InvalidArgumentError(error.message);
      }
      throw error;
    }
  };
}
