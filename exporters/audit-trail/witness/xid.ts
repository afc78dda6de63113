const EPOCH = 1n << 32n;

/**
 * The 64-bit transaction id of a 32-bit one as the write-ahead log holds it. It is the one nearest to a current id,
 * because ids further away than 2^31 cannot be in use.
 */
export function fullXid(xid: string, near: bigint): bigint {
  const inSameEpoch = (near & ~(EPOCH - 1n)) | BigInt(xid);
  const candidates = [inSameEpoch - EPOCH, inSameEpoch, inSameEpoch + EPOCH].filter((candidate) => candidate >= 0n);
  return candidates.reduce((best, candidate) => (distance(candidate, near) < distance(best, near) ? candidate : best));
}

function distance(a: bigint, b: bigint): bigint {
  return a < b ? b - a : a - b;
}

/** `Math.max` knows no bigint. */
export function later(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}
