import type { VerificationResult } from '../../exporters/audit-trail/inspect/verification.js';
import type { ChunkFailure } from '../../exporters/audit-trail/seal/index.js';
import { counted, paint, paragraph } from '../terminal.js';
import { moment } from './status-text.js';

const verdicts = { verified: 'green', failed: 'red', unknown: 'yellow' } as const;
const words = { verified: 'Verified', failed: 'FAILED', unknown: 'Cannot tell' } as const;
/** Of each chunk; the JSON holds up to a hundred. */
const IDS_SHOWN = 10;

export function verificationLines(result: VerificationResult): readonly string[] {
  const { verdict, reasons } = result;
  return [
    ...logLines(result),
    ...anchorLines(result),
    ...rowLines(result),
    '',
    paint(verdicts[verdict], words[verdict]),
    ...reasons.flatMap((reason) => paragraph(reason, 4, '  - ')),
    ...keyWarning(result),
  ];
}

function mark(isFine: boolean | undefined): string {
  if (isFine === undefined) return paint('yellow', '?');
  return isFine ? paint('green', '✓') : paint('red', '✗');
}

function logLines({ log }: VerificationResult): readonly string[] {
  const { entries, records, disposedRecords, from, until, failures } = log;
  const period =
    from === undefined || until === undefined ? [] : [`           made ${moment(from)} to ${moment(until)}`];
  const disposed = disposedRecords === 0 ? '' : `, ${disposedRecords} of them lawfully disposed of`;
  return [
    `${mark(log.ok && entries === 0 ? undefined : log.ok)} log      ${counted(entries, 'checkpoint')} over ${counted(records, 'record')}${disposed}`,
    ...period,
    ...failures.flatMap(({ kind, message }) => paragraph(`${kind}: ${message}`, 11)),
  ];
}

function anchorLines({ anchors, log }: VerificationResult): readonly string[] {
  return anchors.map(({ name, answered, detail }) => {
    // In a log that contradicts itself, anchors cannot agree with it.
    const isCompared = answered && log.ok;
    return `${mark(isCompared ? true : undefined)} anchor   ${name}: ${isCompared || !answered ? detail : 'see above'}`;
  });
}

function rowLines({ rows, verdict }: VerificationResult): readonly string[] {
  if (rows === undefined)
    return verdict === 'verified' ? [`${mark(undefined)} rows     not compared: only the log was given`] : [];
  const { start, chunks, failures, refusal, isComplete, disposedChunks, earlier } = rows;
  if (refusal !== undefined && rows.rows === 0 && chunks === 0) return [`${mark(false)} rows     not compared`];
  const disposed = disposedChunks === 0 ? '' : `, ${counted(disposedChunks, 'chunk')} disposed of`;
  const before = start === 0 ? [] : [`           ${whatOfTheOthers(start, earlier)}`];
  return [
    `${mark(failures.length > 0 ? false : isComplete ? true : undefined)} rows     ${counted(rows.rows, 'record')} in ${counted(chunks, 'chunk')} from entry ${start}${disposed}`,
    ...before,
    ...failures.flatMap(chunkLines),
  ];
}

function whatOfTheOthers(start: number, earlier: NonNullable<VerificationResult['rows']>['earlier']): string {
  const entries = start === 1 ? 'entry 0' : `entries 0 to ${start - 1}`;
  return earlier === undefined
    ? `${entries} taken from the checkpoint that was given, and not compared`
    : `${entries} compared by ${moment(earlier.at)}; --full compares them again`;
}

function chunkLines({
  seq,
  sealedAt,
  expected,
  found,
  changed,
  missing,
  added,
  isLocalised,
}: ChunkFailure): readonly string[] {
  const list = (what: string, places: ChunkFailure['changed']) =>
    places.length === 0
      ? []
      : paragraph(
          `${what}: record ${places
            .slice(0, IDS_SHOWN)
            .map(({ id }) => id)
            .join(', ')}${places.length > IDS_SHOWN ? ` and ${places.length - IDS_SHOWN} more` : ''}`,
          13,
        );
  return [
    paint(
      'red',
      `           entry ${seq}, sealed ${moment(sealedAt)}: ${counted(expected, 'record')} sealed, ${found} there now`,
    ),
    ...list('changed', changed),
    ...list('missing', missing),
    ...list('added', added),
    ...(isLocalised
      ? []
      : ['             which ones cannot be said: the leaf hashes of this chunk are gone or damaged']),
  ];
}

function keyWarning({ keySource, log }: VerificationResult): readonly string[] {
  if (keySource !== 'the log itself' || log.entries === 0) return [];
  return [
    '',
    ...paragraph(
      `The key was taken from the log itself, so this shows that the log is consistent, not who signed it. Compare it with the published one, and give that with --key: ${log.keys.join(' ')}`,
      0,
    ),
  ];
}
