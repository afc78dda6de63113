import { Command } from 'commander';
import { withWritable } from '../../exporters/audit-trail/inspect/disposing.js';
import { acceptEpoch, SealSession } from '../../exporters/audit-trail/seal/index.js';
import { interruptible } from '../interrupt.js';
import { paragraph, print, printJson } from '../terminal.js';
import { asVerb } from './operators-matter.js';
import { requireConnection, sealedTrail, type TrailOptions, withTrailOptions } from './trail.js';

interface Options extends TrailOptions {
  readonly reason: string;
  readonly by: string;
  readonly json?: true;
}

const examples = `
A sealer refuses to go on when the database behind it is another one, or went back in time. After a planned failover or
restore, verify first: sealed rows that the database lost or changed are named. Then accept it here: the log then says,
signed, who accepted what and why. What was sealed stays sealed, and rows that are not in the restored database are found
by every later verification. Rows that were written since, or not sealed yet, are sealed from here on. Stop the exporter
first. Sealed rows are read for it, the newest first.

Examples:
  $ kop audit verify --full
  $ kop audit accept-epoch --reason 'CHG-88: failover to the standby on 3 March' --by 'E. Hart'

Exit codes: 0 accepted, 2 not accepted: the message says why`;

/** `kop audit accept-epoch`: a person states that the database behind the log has been replaced. */
export function acceptEpochCommand(): Command {
  return withTrailOptions(new Command('accept-epoch'))
    .summary('accept, signed, that the database is another one after a failover or restore')
    .description('States, signed, that the database behind the log is another one from here on.')
    .requiredOption('--reason <text>', 'why; it becomes part of the log')
    .requiredOption('--by <name>', 'who answers for it; it becomes part of the log')
    .option('--json', 'print JSON for programs')
    .addHelpText('after', examples)
    .action((options: Options) => asVerb(() => run(options)));
}

async function run({ reason, by, ...options }: Options): Promise<number> {
  const trail = sealedTrail(options);
  requireConnection(trail);
  const statement = await interruptible((signal) =>
    withWritable(trail.seal, async (store, signers) => {
      const session = await SealSession.open(trail.database, signal);
      try {
        return await acceptEpoch(store, session, { reason, by, signers, now: new Date() }, signal);
      } finally {
        await session.close();
      }
    }),
  );
  if (options.json === true) printJson(statement);
  else {
    const { system, timeline } = statement.database;
    const where = `${statement.database.name}, system ${system ?? 'not visible'}, timeline ${timeline ?? 'not visible'}`;
    const { inheritedUpTo } = statement;
    const came = inheritedUpTo === undefined ? '' : ` Records up to id ${inheritedUpTo} came with the database.`;
    print(
      paragraph(
        `Epoch ${statement.epoch} accepted in entry ${statement.seq}: ${where}.${came} Start the exporter again.`,
        0,
      ),
    );
  }
  return 0;
}
