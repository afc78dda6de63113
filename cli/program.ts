import { Command, CommanderError } from 'commander';
import { withCalls } from '../exporters/runtime/call.js';
import { isOfTheMachine, reasonOf } from '../exporters/runtime/state/failure.js';
import { packageVersion } from '../exporters/runtime/version.js';
import { NotInstalled, verbs } from './verbs.js';
import { CannotWrite } from './writing.js';

async function program(args: readonly string[]): Promise<Command> {
  const names = verbs.map(({ name }) => name);
  const root = new Command('kop')
    .description('Kingston Observability Pack: measures what a regulated portal promises.')
    .version(packageVersion(), '-V, --version')
    .configureHelp({ showGlobalOptions: false })
    // If `kop` is not on the PATH, the commands in the help would not work.
    .configureOutput({
      writeOut: (text) => process.stdout.write(withCalls(text, names)),
      writeErr: (text) => process.stderr.write(withCalls(text, names)),
    })
    .showHelpAfterError('(add --help for what there is)')
    .addHelpText('after', '\nkop <command> --help says more. Exit code: 0 fine, 1 found something, 2 cannot run.')
    .exitOverride();
  // `kop help check` is `kop check --help`.
  const asked = args.find((arg) => !arg.startsWith('-') && arg !== 'help');
  for (const verb of verbs) {
    if (verb.name === asked) root.addCommand(inheriting(await verb.load(), root));
    else root.command(verb.name).summary(verb.summary);
  }
  return root;
}

/**
 * Commander passes its settings only to commands that it creates itself; wrong usage must exit with 2 at every level.
 */
function inheriting(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  for (const inner of command.commands) inheriting(inner, command);
  return command;
}

/** Runs a command line, without the program itself. @returns the exit code. */
export async function kop(args: readonly string[]): Promise<number> {
  if (!hasWorkingDirectory()) {
    process.stderr.write('kop: the working directory is not there any more; change to one that is\n');
    return 2;
  }
  try {
    await (await program(args)).parseAsync([...args], { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Commander has printed its message by now; wrong usage is `cannot run`.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const isExplained = error instanceof CannotWrite || error instanceof NotInstalled;
    const message = isExplained ? error.message : (worldsText(error) ?? stackOf(error));
    process.stderr.write(`kop: ${message}\n`);
    return 2;
  }
}

function hasWorkingDirectory(): boolean {
  try {
    process.cwd();
    return true;
  } catch {
    return false;
  }
}

/** Errors of the machine, such as a full disk: our stack trace does not help the user. */
function worldsText(error: unknown): string | undefined {
  if (!(error instanceof Error) || !isOfTheMachine(error)) return undefined;
  const path = 'path' in error && typeof error.path === 'string' ? `${error.path}: ` : '';
  return `${path}${reasonOf(error)}`;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
