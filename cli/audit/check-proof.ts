import { Command } from 'commander';
import { readKey } from '../../exporters/audit-trail/inspect/verification.js';
import { NoProof, type ProofResult, verifyProofFile } from '../../exporters/audit-trail/seal/index.js';
import { paint, print, printJson } from '../terminal.js';
import { namedBytes } from './named-file.js';
import { asVerb } from './operators-matter.js';
import { CannotRun } from './trail.js';

interface Options {
  readonly key: readonly string[];
  readonly json?: true;
}

const examples = `
Examples:
  $ kop audit check-proof 4711.proof.json --key kingston.example/audit+6b2f3c1d+AX…
  $ kop audit check-proof 4711.proof.json --key published.vkey --json

Take the key from where it was published, not from whoever hands you the proof.

A document without the text of its record (made without --with-text) shows that a leaf is under the checkpoint, and not
which record it is.

Exit codes: 0 the record is under the checkpoint, 1 it is not, or somebody else signed, 2 cannot tell, as without a text`;

/** `kop audit check-proof`: checks a proof without configuration and without a database. */
export function checkProofCommand(): Command {
  return new Command('check-proof')
    .summary('check a proof with the published key alone')
    .description('Checks a document of kop audit prove with the published key, and nothing else.')
    .argument('<file>', 'the proof')
    .option('--key <vkey>', 'published public key, or a file that holds it; repeat it for several', collect, [])
    .option('--json', 'print JSON for programs')
    .addHelpText('after', examples)
    .action((file: string, options: Options) => asVerb(async () => check(file, options)));
}

/** A proof may hold the text of a record: at most 1 GiB in PostgreSQL, a few kB in an audit trail. */
const MOST_PROOF_BYTES = 256 * 1024 * 1024;

function check(file: string, { key, json }: Options): number {
  if (key.length === 0) throw new CannotRun('a proof is checked with the published key: give --key');
  const keys = key.map(readKey);
  const result = verified(file, keys);
  if (json === true) printJson(result);
  else print(told(result));
  return result.ok === null ? 2 : result.ok ? 0 : 1;
}

function told(result: ProofResult): readonly string[] {
  if (result.ok === null) {
    return [
      `${paint('yellow', '?')} the leaf is one of the ${result.size} that the checkpoint covers; ${result.reason}`,
    ];
  }
  if (!result.ok) return [`${paint('red', '✗')} ${result.reason}`];
  const { id, order, text } = result.record;
  return [
    `${paint('green', '✓')} the record is one of the ${result.size} that the checkpoint covers, with this text`,
    ...Object.entries({ id, order, text }).map(([name, value]) => `  ${name} ${shown(value)}`),
  ];
}

/** The text comes from whoever wrote the record, so its control characters must not reach the terminal. */
function shown(text: string): string {
  return text.replaceAll(/[^\P{C}\t]/gu, (each) => `\\u{${each.codePointAt(0)?.toString(16)}}`);
}

function verified(file: string, keys: Parameters<typeof verifyProofFile>[1]): ProofResult {
  const bytes = namedBytes(file, MOST_PROOF_BYTES);
  try {
    return verifyProofFile(bytes, keys);
  } catch (error) {
    throw error instanceof NoProof ? new CannotRun(`${file} ${error.message}`) : error;
  }
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
