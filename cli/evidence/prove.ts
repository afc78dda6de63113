import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import { proveEvaluation } from '../../exporters/compliance/evidence/seal/prove-evaluation.js';
import { kopCall } from '../../exporters/runtime/call.js';
import { CannotAnswer } from '../controls/board.js';
import { printJson } from '../terminal.js';
import { writing } from '../writing.js';
import {
  answeringAbout,
  type EvidenceOptions,
  requireNew,
  sealedToRead,
  sealOf,
  withEvidence,
  withEvidenceOptions,
} from './place.js';

interface Options extends EvidenceOptions {
  readonly out?: string;
}

const examples = `
The document shows that the evaluation is under the newest signed checkpoint. Whoever gets it needs nothing but the document and the
published key: no access to the store, to the log, or to this program (docs/verify/check_proof.py checks it too).

Examples:
  $ ${kopCall()} evidence show AUD-02 --at 2026-03-03        names the number of the evaluation
  $ ${kopCall()} evidence prove 4711 --out 4711.proof.json
  $ ${kopCall()} evidence check-proof 4711.proof.json --key published.vkey

Exit codes: 0 proven, 2 not proven: the message says why`;

/** `kop evidence prove`: an inclusion proof for one evaluation. */
export function proveEvidenceCommand(): Command {
  return withEvidenceOptions(new Command('prove'))
    .summary('prove a single evaluation to somebody who sees neither store nor log')
    .description('Prints a document that proves that an evaluation is under the newest checkpoint. It is always JSON.')
    .argument('<number>', 'number of the evaluation')
    .option('--out <file>', 'write the document there in place of standard output')
    .addHelpText('after', examples)
    .action((number: string, options: Options) => answeringAbout(() => prove(number, options)));
}

function prove(given: string, options: Options): Promise<number> {
  if (!/^[1-9]\d{0,14}$/.test(given))
    throw new CannotAnswer(`'${given}' is no number of an evaluation; expected one such as 4711`);
  if (options.out !== undefined) requireNew(options.out);
  return withEvidence(options, async ({ board, store }) => {
    const sealed = await sealedToRead(sealOf(board));
    try {
      const document = await proveEvaluation(store, sealed, Number(given));
      const { out } = options;
      if (out === undefined) printJson(document);
      else {
        await writing(out, '--out', () =>
          writeFile(out, `${JSON.stringify(document, undefined, 2)}\n`, { mode: 0o600 }),
        );
        process.stderr.write(`Evaluation ${given} was sealed ${document.sealed.time}; the proof is in ${out}.\n`);
      }
      return 0;
    } finally {
      await sealed.close();
    }
  });
}
