import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { readKey, type VerificationRequest, verify } from '../../exporters/audit-trail/inspect/verification.js';
import type { NoteVerifier } from '../../exporters/audit-trail/seal/index.js';
import { statePlace } from '../../exporters/runtime/state/index.js';
import { interruptible } from '../interrupt.js';
import { progressOn } from '../progress.js';
import { print, printJson } from '../terminal.js';
import { namedFile } from './named-file.js';
import { asVerb } from './operators-matter.js';
import { CannotRun, requireConnection, sealedTrail, type TrailOptions, withTrailOptions } from './trail.js';
import { verificationLines } from './verify-text.js';

interface Options extends TrailOptions {
  readonly stateDirectory?: string;
  readonly full?: true;
  readonly fromCheckpoint?: string;
  readonly key: readonly string[];
  readonly log?: string;
  readonly onReplica?: true;
  readonly restart?: true;
  readonly json?: true;
}

const examples = `
Checks the log of checkpoints by itself (order, chain, signatures, RFC 6962 consistency), against what the anchors hold
and against what earlier verifications remembered; then reads the sealed rows again and compares their hashes. Trusts
nothing that the sealer says. Ctrl-C ends it; the same command goes on from there.

Examples:
  $ kop audit verify --key kingston.example/audit+6b2f3c1d+AX…    rows that no earlier verification compared
  $ kop audit verify --full                                       every sealed row
  $ kop audit verify --from-checkpoint 2025.checkpoint            last year's, and the rows sealed after it
  $ kop audit verify --log copy.jsonl --key published.vkey        a copy of the log alone: no configuration, no database

Exit codes:
  0  verified: what was sealed is as it was sealed
  1  failed: something was changed, removed, added, rolled back or forked; it is listed
  2  cannot tell: something could not be checked, or it was interrupted`;

/** `kop audit verify`: independent of the sealer. */
export function verifyCommand(): Command {
  return withTrailOptions(new Command('verify'))
    .summary('whether what was sealed is as it was sealed')
    .description(
      'Verifies the log of checkpoints and the sealed records, independently of the exporter that sealed them.',
    )
    .option(
      '--state-directory <folder>',
      'where to remember what was verified, below verify/ (default: KOP_STATE_DIRECTORY, else ~/.local/state/kop)',
    )
    .option('--full', 'compare every sealed row, not only those that no earlier verification compared')
    .option(
      '--from-checkpoint <file>',
      'a signed checkpoint kept elsewhere: the log must contain it, rows are compared after it',
    )
    .option('--key <vkey>', 'published public key, or a file that holds it; repeat it for several', collect, [])
    .option('--log <file>', 'a copy of log.jsonl, or what a directory anchor holds: verify that, and no rows')
    .option('--on-replica', 'read rows from the replica that the configuration names')
    .option('--restart', 'begin anew where an earlier verification was interrupted')
    .option('--json', 'print JSON for programs')
    .addHelpText('after', examples)
    .action((options: Options) => asVerb(() => run(options)));
}

const MOST_CHECKPOINT_BYTES = 1024 * 1024;

async function run(options: Options): Promise<number> {
  const keys = options.key.map(readKey);
  const request = options.log === undefined ? ofTrail(options, keys) : ofCopy(options.log, keys);
  const checkpoints =
    options.fromCheckpoint === undefined ? [] : [namedFile(options.fromCheckpoint, MOST_CHECKPOINT_BYTES)];
  const progress = progressOn(process.stderr);
  const result = await interruptible((signal) =>
    verify({
      ...request,
      checkpoints,
      fromCheckpoint: options.fromCheckpoint !== undefined,
      keys,
      isFull: options.full === true,
      isRestart: options.restart === true,
      signal,
      onLog: (entries) => progress.show('checkpoints', entries, undefined),
      onRows: ({ rows, ofRows, failures }) =>
        progress.show('records', rows, ofRows, failures === 0 ? '' : `, ${failures} chunks differ`),
    }),
  ).finally(() => progress.end());
  if (options.json === true) printJson(result);
  else print(verificationLines(result));
  return { verified: 0, failed: 1, unknown: 2 }[result.verdict];
}

type Where = Pick<VerificationRequest, 'origin' | 'logPath' | 'trail' | 'statePath'>;

function ofTrail(options: Options, keys: readonly NoteVerifier[]): Where {
  const trail = sealedTrail(options);
  const { seal, replica, records } = trail;
  requireConnection(trail);
  const stranger = keys.find(({ name }) => name !== seal.origin);
  if (stranger !== undefined) {
    throw new CannotRun(`the key is of "${stranger.name}", and trail ${trail.name} is sealed as "${seal.origin}"`);
  }
  const isReplica = options.onReplica === true;
  if (isReplica && replica === undefined) throw new CannotRun(`trail ${trail.name} names no replica`);
  if (isReplica && records?.columns.transaction === undefined) {
    throw new CannotRun(
      'records without a transaction column cannot be verified on a replica: how far behind it is cannot be told',
    );
  }
  return {
    origin: seal.origin,
    logPath: join(seal.directory, 'log.jsonl'),
    trail:
      isReplica && replica !== undefined
        ? { seal, access: replica, replicaOf: trail.database }
        : { seal, access: trail.database },
    statePath: join(statePlace(options.stateDirectory).directory, 'verify', `${trail.name}.verify.json`),
  };
}

/** The name of a key is the origin of its log, so the key is enough. */
function ofCopy(logPath: string, keys: readonly NoteVerifier[]): Where {
  const [key] = keys;
  if (key === undefined) throw new CannotRun('a copy of a log is verified with the published key: give --key');
  const found = statSync(logPath, { throwIfNoEntry: false });
  // The log is read to its end; a device or a pipe may have none.
  if (found?.isFile() === false) throw new CannotRun(`${logPath} is no regular file, so it is no copy of a log`);
  return { origin: key.name, logPath };
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
