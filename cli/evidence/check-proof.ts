import { Command } from 'commander';
import { readKey } from '../../exporters/audit-trail/inspect/verification.js';
import {
  type EvidenceProofResult,
  verifyEvidenceProof,
} from '../../exporters/compliance/evidence/seal/prove-evaluation.js';
import { kopCall } from '../../exporters/runtime/call.js';
import { NoProof } from '../../exporters/runtime/sealing/proof/proof-file.js';
import { readBounded, UnreadableFile } from '../../pack/reading/bounded-file.js';
import { CannotAnswer } from '../controls/board.js';
import { paint, print, printJson } from '../terminal.js';
import { answeringAbout } from './place.js';

interface Options {
  readonly key: readonly string[];
  readonly json?: true;
}

const examples = `
Examples:
  $ ${kopCall()} evidence check-proof 4711.proof.json --key kingston.example/compliance+6b2f3c1d+AX…
  $ ${kopCall()} evidence check-proof 4711.proof.json --key published.vkey --json

Take the key from where it was published, not from whoever hands you the proof.

Exit codes: 0 the evaluation is under the checkpoint, 1 it is not, or somebody else signed, 2 cannot tell`;

const MOST_PROOF_BYTES = 64 * 1024 * 1024;

/** `kop evidence check-proof`: checks a proof without configuration and without a store. */
export function checkEvidenceProofCommand(): Command {
  return new Command('check-proof')
    .summary('check a proof with the published key alone')
    .description('Checks a document of kop evidence prove with the published key, and nothing else.')
    .argument('<file>', 'the proof')
    .option(
      '--key <vkey>',
      'published public key, or a file that holds it; repeat it for several',
      (value: string, before: readonly string[]) => [...before, value],
      [],
    )
    .option('--json', 'print JSON for programs')
    .addHelpText('after', examples)
    .action((file: string, options: Options) => answeringAbout(async () => check(file, options)));
}

function check(file: string, { key, json }: Options): number {
  if (key.length === 0) throw new CannotAnswer('a proof is checked with the published key: give --key');
  const result = verified(file, key);
  if (json === true) printJson(result);
  else print([told(result)]);
  return result.ok ? 0 : 1;
}

function verified(file: string, key: readonly string[]): EvidenceProofResult {
  try {
    return verifyEvidenceProof(readBounded(file, MOST_PROOF_BYTES, { pipes: true }).bytes, key.map(readKey));
  } catch (error) {
    if (error instanceof NoProof || error instanceof UnreadableFile) throw new CannotAnswer(`${file} ${error.message}`);
    throw error;
  }
}

function told(result: EvidenceProofResult): string {
  if (!result.ok) return `${paint('red', '✗')} ${result.reason}`;
  const { control, at, effective } = result.evaluation;
  return `${paint('green', '✓')} ${control} was ${effective} at ${at}: one of the ${result.size} evaluations that the checkpoint covers`;
}
