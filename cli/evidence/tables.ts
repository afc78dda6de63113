import { Command } from 'commander';
import { evidenceTables } from '../../exporters/compliance/evidence/store/postgres.js';
import { kopCall } from '../../exporters/runtime/call.js';
import { print } from '../terminal.js';

const examples = `
Examples:
  $ ${kopCall()} evidence tables | psql postgres://admin@db.example/kop

Exit code: 0`;

/** `kop evidence tables`: for an administrator who creates the tables of \`evidence.database\`. */
export function tablesCommand(): Command {
  return new Command('tables')
    .summary('the tables of the evidence in PostgreSQL, as SQL')
    .description(
      'Prints the SQL of the tables that evidence.database needs, for an administrator. The exporter makes them itself where its role may.',
    )
    .addHelpText('after', examples)
    .action(() => print([evidenceTables.trim().replaceAll(/^ {2}/gm, '')]));
}
