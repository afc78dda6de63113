import { constants } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { generateSealKey } from '../../exporters/audit-trail/seal/index.js';
import { errorCode } from '../../exporters/runtime/error-code.js';
import { print, printJson } from '../terminal.js';
import { writing } from '../writing.js';
import { asVerb } from './operators-matter.js';
import { CannotRun, chosenTrail, type TrailOptions, withTrailOptions } from './trail.js';

interface Options extends TrailOptions {
  readonly origin?: string;
  readonly out: string;
  readonly json?: true;
}

const examples = `
The private key goes to the file, readable by you alone, and nowhere else. The public key is printed: publish it where
whoever verifies can find it, and where those who run the database cannot change it.

Examples:
  $ kop audit keygen --out seal-key.pem --origin kingston.example/audit
  $ kop audit keygen --out new-key.pem --trail kingston      the origin that the configuration says

Then in the configuration:  seal: { origin: kingston.example/audit, key: '\${file:seal-key.pem}', … }
To rotate a key, put the new block before the old one in the file: both sign until you remove the old one.

Exit codes: 0 made, 2 not made: the message says why`;

/** `kop audit keygen`: a key that seals. */
export function keygenCommand(): Command {
  return withTrailOptions(new Command('keygen'))
    .summary('make a key for sealing')
    .description('Makes an Ed25519 key that signs checkpoints.')
    .requiredOption('--out <file>', 'where to put the private key; refuses a file that is there')
    .addOption(
      new Option('--origin <name>', 'name of the log, such as kingston.example/audit (default: that of the trail)'),
    )
    .option('--json', 'print JSON for programs')
    .addHelpText('after', examples)
    .action((options: Options) => asVerb(() => make(options)));
}

async function make(options: Options): Promise<number> {
  const origin = options.origin ?? chosenTrail(options).seal?.origin;
  if (origin === undefined)
    throw new CannotRun('the trail names no origin yet; say --origin, such as kingston.example/audit');
  const { privateKey, vkey } = generateSealKey(origin);
  await writing(options.out, '--out', () => createPrivateFile(options.out, privateKey));
  if (options.json === true) {
    printJson({ origin, publicKey: vkey, privateKeyFile: options.out });
  } else {
    process.stderr.write(`The private key is in ${options.out}. Publish this public key:\n`);
    print([vkey]);
  }
  return 0;
}

async function createPrivateFile(path: string, text: string): Promise<void> {
  try {
    const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      await writeFile(file, text);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errorCode(error) === 'EEXIST') {
      throw new CannotRun(
        `${path} is there already; what was signed with a lost key can still be verified, but nothing more be sealed`,
      );
    }
    throw error;
  }
}
