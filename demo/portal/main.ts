#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type DemoDatabase, demoDatabase } from '../postgres/index.js';
import { badAfternoon } from './bad-afternoon.js';
import { ruleFromFlag } from './faults/flag.js';
import { checkRule, InvalidFault, type RuleInput } from './faults/rule.js';
import { type DemoPortal, FLAG_HELP, type PathStyle, type PortalOptions, startPortal } from './index.js';
import { MAX_SCALE } from './schema/seed.js';

interface Flags {
  readonly port: number;
  readonly host: string;
  readonly adminPort: number;
  readonly adminToken?: string;
  readonly scale: number;
  readonly pathStyle: PathStyle;
  readonly databaseUrl?: string;
  readonly dataDir?: string;
  readonly databasePort?: number;
  readonly tls?: true;
  readonly tlsKey?: string;
  readonly tlsCert?: string;
  readonly fault: RuleInput[];
  readonly randomSeed: number;
  readonly badAfternoon?: true | number;
  readonly coldStart?: true;
  readonly probePassword?: string;
}

const program = new Command('demo-portal')
  .description(
    "A stand-in for Kingston's portal on a real PostgreSQL, with faults on demand. Ctrl-C ends it and all it started.",
  )
  .addOption(new Option('--port <number>', 'port of the portal').argParser(wholeNumber(0, 65_535)).default(8001))
  .option(
    '--host <address>',
    'address to listen on; the API has no authentication worth the name, keep it local',
    '127.0.0.1',
  )
  .addOption(
    new Option('--admin-port <number>', 'port of the fault switchboard, loopback only (0: any)')
      .argParser(wholeNumber(0, 65_535))
      .default(8002),
  )
  .addOption(new Option('--admin-token <token>', 'token the switchboard asks for').env('KOP_DEMO_ADMIN_TOKEN'))
  .addOption(
    new Option('--scale <number>', `times the real size, 1 to ${MAX_SCALE}`)
      .argParser(wholeNumber(1, MAX_SCALE))
      .default(1),
  )
  .addOption(
    new Option('--path-style <style>', 'route names: underscore (main branch) or kebab (phase_2)')
      .choices(['underscore', 'kebab'])
      .default('underscore'),
  )
  .addOption(
    new Option('--database-url <url>', 'an empty database to use; without it a server is started').env('DATABASE_URL'),
  )
  .option('--data-dir <path>', 'keep the started server’s data here (default: a temporary folder)')
  .addOption(
    new Option('--database-port <number>', 'port of the started server (default: any)').argParser(
      wholeNumber(1, 65_535),
    ),
  )
  .option('--tls', 'HTTPS with a self-signed certificate')
  .option('--tls-key <file>', 'HTTPS with this private key (PEM); needs --tls-cert')
  .option('--tls-cert <file>', 'HTTPS with this certificate (PEM); needs --tls-key')
  .addOption(
    new Option('--fault <rule>', `a fault from the start, repeatable: ${FLAG_HELP}`)
      .argParser(collectFault)
      .default([], 'none'),
  )
  .addOption(
    new Option('--random-seed <number>', 'seed of the dice of the faults')
      .argParser(wholeNumber(0, 2 ** 32 - 1))
      .default(1),
  )
  .addOption(
    new Option(
      '--bad-afternoon [speed]',
      `play the scenario: ${badAfternoon.description} A speed of 60 plays an hour in a minute`,
    ).argParser(positive),
  )
  .option('--cold-start', 'start with empty caches, as after a restart of the portal')
  .addOption(
    new Option('--probe-password <password>', 'password of probe@kingston.example (default: random, printed)').env(
      'KOP_DEMO_PROBE_PASSWORD',
    ),
  )
  .showHelpAfterError('(--help lists everything)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .action(run);

await program.parseAsync();

async function run(flags: Flags): Promise<void> {
  let database: DemoDatabase | undefined;
  let portal: DemoPortal | undefined;
  const end = async (exitCode: number) => {
    await portal?.close().catch((error: unknown) => complain(error));
    await database?.close().catch((error: unknown) => complain(error));
    process.exit(exitCode);
  };
  process.once('SIGINT', () => void end(0));
  process.once('SIGTERM', () => void end(0));
  try {
    database = await demoDatabase({
      log: say,
      ...(flags.databaseUrl === undefined ? {} : { databaseUrl: flags.databaseUrl }),
      ...(flags.dataDir === undefined ? {} : { dataDir: flags.dataDir }),
      ...(flags.databasePort === undefined ? {} : { port: flags.databasePort }),
    });
    portal = await startPortal(portalOptions(flags, database));
    say(
      `sign in as ${portal.probeEmail} with ${flags.probePassword === undefined ? portal.probePassword : 'the given password'}`,
    );
    if (flags.badAfternoon !== undefined) {
      await portal.scenarios.start(badAfternoon, flags.badAfternoon === true ? 1 : flags.badAfternoon);
    }
  } catch (error) {
    complain(error);
    await end(2);
  }
}

function portalOptions(flags: Flags, { url, server }: DemoDatabase): PortalOptions {
  const { port, host, adminPort, scale, pathStyle, randomSeed, fault, adminToken, probePassword } = flags;
  const tls = tlsOf(flags);
  return {
    databaseUrl: url,
    port,
    host,
    adminPort,
    scale,
    pathStyle,
    randomSeed,
    faults: fault,
    coldStart: flags.coldStart ?? false,
    log: say,
    ...(tls === undefined ? {} : { tls }),
    ...(adminToken === undefined ? {} : { adminToken }),
    ...(probePassword === undefined ? {} : { probePassword }),
    ...(server ? { databaseControl: { stop: () => server.stop('fast'), start: () => server.start() } } : {}),
  };
}

function tlsOf({ tls, tlsKey, tlsCert }: Flags): PortalOptions['tls'] {
  if (tlsKey === undefined && tlsCert === undefined) {
    return tls ? 'self-signed' : undefined;
  }
  if (tlsKey === undefined || tlsCert === undefined) {
    throw new Error('--tls-key and --tls-cert go together');
  }
  return { key: readFileSync(tlsKey), cert: readFileSync(tlsCert) };
}

function collectFault(text: string, earlier: RuleInput[]): RuleInput[] {
  try {
    return [...earlier, checkRule(ruleFromFlag(text))];
  } catch (error) {
    throw error instanceof InvalidFault ? new InvalidArgumentError(error.message) : error;
  }
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min || value > max || text.trim() === '') {
      throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 10_000)) {
    throw new InvalidArgumentError('Expected a number above 0, up to 10000.');
  }
  return value;
}

function say(message: string): void {
  process.stdout.write(`demo-portal: ${message}\n`);
}

function complain(error: unknown): void {
  const isPortTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`demo-portal: ${text}${isPortTaken ? '; choose others with --port and --admin-port' : ''}\n`);
}
