import { Command, InvalidArgumentError, Option } from 'commander';
import { installSql, uninstallSql, upgradeSql, type WriterScope } from '../../exporters/audit-trail/writer/index.js';
import type { AuditTrail } from '../../pack/audit-trail/model.js';
import { loadPack } from '../../pack/index.js';
import { InvalidPack } from '../../pack/reading/problems.js';
import { configFileOption } from '../config-file.js';

interface Options {
  readonly tables?: readonly string[];
  readonly trail?: string;
  readonly 'config.file': readonly string[];
  readonly print: 'install' | 'upgrade' | 'uninstall';
  readonly partition: 'monthly';
  readonly baseline?: true;
  readonly changedColumns?: true;
  readonly discardRecords?: true;
}

const examples = `
Prints SQL and runs nothing: read it, then run it as an administrator, in one piece.

Examples:
  $ kop audit install > install.sql
      The tables that pack.yaml has in scope, for its only trail.
  $ kop audit install --tables 'public.client_*' 'public.portfolios' --baseline > install.sql
      These tables, whatever pack.yaml says; their rows are recorded as a beginning.
  $ kop audit install --tables 'public.*' --baseline --changed-columns > install.sql
      Smaller records: of an update, the key and the columns that changed. Repeat it with --print upgrade.
  $ kop audit install --print upgrade > upgrade.sql
  $ kop audit install --print uninstall > uninstall.sql
      Refuses while there are records, unless --discard-records is given.

Then in pack.yaml:  records: { preset: kop }

Exit codes: 0 printed, 2 cannot run: the message says why`;

/** `kop audit install`: prints the SQL of the writer. */
export function installCommand(): Command {
  return new Command('install')
    .summary('print the SQL that makes a complete audit trail')
    .description('Prints the SQL that installs, upgrades or uninstalls what writes the audit trail.')
    .option(
      '--tables <patterns...>',
      "tables as schema.table, * for any characters (default: the trail's scope)",
      table,
    )
    .option('--trail <name>', 'whose scope to take (default: the only trail there is)')
    .addOption(configFileOption())
    .addOption(
      new Option('--print <what>', 'which SQL').choices(['install', 'upgrade', 'uninstall']).default('install'),
    )
    .addOption(new Option('--partition <period>', 'period of a partition').choices(['monthly']).default('monthly'))
    .option('--baseline', 'record the rows that are there, so that the trail can reproduce the tables from the start')
    .option('--changed-columns', 'record of an update only the key and the columns that changed; needs a baseline')
    .option('--discard-records', 'with --print uninstall: drop the records too')
    .addHelpText('after', examples)
    .action((options: Options, command: Command) => {
      try {
        process.stdout.write(sql(options));
      } catch (error) {
        if (!(error instanceof InvalidPack) && !(error instanceof Refused)) throw error;
        command.error(error.message, { exitCode: 2 });
      }
    });
}

class Refused extends Error {}

function sql(options: Options): string {
  const changedColumns = options.changedColumns === true;
  if (changedColumns && options.print === 'install' && options.baseline !== true)
    throw new Refused(
      'error: --changed-columns needs --baseline: a row that has no whole record cannot be told from its changes',
    );
  switch (options.print) {
    case 'install':
      return installSql({ scope: scopeOf(options), baseline: options.baseline === true, changedColumns });
    case 'upgrade':
      return upgradeSql({ changedColumns });
    case 'uninstall':
      return uninstallSql({ discardRecords: options.discardRecords === true });
  }
}

function scopeOf(options: Options): WriterScope {
  if (options.tables !== undefined) {
    return { include: options.tables, exclude: [] };
  }
  const { schemas, include, exclude } = trailOf(options).scope;
  return { include: include.length > 0 ? include : schemas.map((schema) => `${schema}.*`), exclude };
}

function trailOf({ trail, 'config.file': files }: Options): AuditTrail {
  const { auditTrails } = loadPack(files, { requireSecrets: false });
  const [only, ...others] = trail === undefined ? auditTrails : auditTrails.filter(({ name }) => name === trail);
  if (only === undefined || others.length > 0) {
    const names = auditTrails.map(({ name }) => name).join(', ') || 'none';
    const asked =
      trail === undefined ? 'name one with --trail, or tables with --tables' : `there is no trail '${trail}'`;
    throw new Refused(`error: ${asked}; the description has ${names}`);
  }
  return only;
}

function table(pattern: string, before: readonly string[] = []): readonly string[] {
  if (!/^[^\s."]+\.[^\s."]+$/.test(pattern)) {
    throw new InvalidArgumentError('Expected a table as schema.table, such as public.client_*.');
  }
  return [...before, pattern];
}
