import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { openForReading } from '../../exporters/audit-trail/inspect/seal-view.js';
import { proveRecord, SealSession } from '../../exporters/audit-trail/seal/index.js';
import { interruptible } from '../interrupt.js';
import { printJson } from '../terminal.js';
import { writing } from '../writing.js';
import { asVerb } from './operators-matter.js';
import { requireConnection, sealedTrail, type TrailOptions, withTrailOptions } from './trail.js';

interface Options extends TrailOptions {
  readonly withText?: true;
  readonly out?: string;
}

const examples = `
With its text the document shows that the record is under the newest signed checkpoint. Whoever gets it needs nothing but
the document and the published key: no access to the database, to the log, or to this program (docs/audit-trail.md says
how). Without the text it shows a leaf, and whoever has the record computes the leaf from it.

Examples:
  $ kop audit prove 4711 --with-text --out 4711.proof.json    with the record itself: it is what the person changed
  $ kop audit check-proof 4711.proof.json --key published.vkey
  $ kop audit prove 4711 --out 4711.proof.json                nothing of the record leaves the house

Exit codes: 0 proven, 2 not proven: the message says why`;

/** `kop audit prove`: an inclusion proof for one record. */
export function proveCommand(): Command {
  return withTrailOptions(new Command('prove').argument('<record>', 'id of the audit record'))
    .summary('prove a single record to somebody who sees neither database nor log')
    .description('Prints a document that proves that a record is under the newest checkpoint. It is always JSON.')
    .option(
      '--with-text',
      'with the text of the record; without it the document shows a leaf, and not which record it is',
    )
    .option('--out <file>', 'write the document there in place of standard output')
    .option('--json', 'print JSON for programs: it always does')
    .addHelpText('after', examples)
    .action((record: string, options: Options) => asVerb(() => prove(record, options)));
}

async function prove(id: string, options: Options): Promise<number> {
  const trail = sealedTrail(options);
  requireConnection(trail);
  const { seal, database } = trail;
  const store = await openForReading(seal.directory, seal.origin);
  const document = await interruptible(async (signal) => {
    const session = await SealSession.open(database, signal);
    try {
      return await proveRecord({ store, session, signal, id, withText: options.withText === true });
    } finally {
      await session.close();
    }
  });
  if (options.out === undefined) {
    printJson(document);
  } else {
    const { out } = options;
    const text = `${JSON.stringify(document, undefined, 2)}\n`;
    await writing(out, '--out', () => writeFile(out, text, { mode: 0o600 }));
    process.stderr.write(
      `Record ${id} is leaf ${document.index}, sealed ${document.sealed.time}; the proof is in ${options.out}.\n`,
    );
  }
  return 0;
}
