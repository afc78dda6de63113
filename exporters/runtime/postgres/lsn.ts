/** A position in the write-ahead log, from the text of `pg_lsn`. */
export function parseLsn(text: string): bigint {
  const [high, low, ...rest] = text.split('/');
  if (high === undefined || low === undefined || rest.length > 0) throw new RangeError(`${text} is no pg_lsn`);
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

/** A page of the log begins with a header, of 24 bytes, or of 40 in the first page of a file. */
const LONGEST_HEADER = 40n;

/**
 * Whether a replay that ended at `replayed` has come to `target`. Where a record ends with its page, the next one begins
 * behind the header of the next page. The primary names that place, and the standby the end of the record.
 */
export function hasReached(replayed: bigint, target: bigint, pageBytes: bigint): boolean {
  const intoPage = target % pageBytes;
  return replayed >= (intoPage <= LONGEST_HEADER ? target - intoPage : target);
}
