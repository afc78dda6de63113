/** Thresholds that no description gives, each with its reason. */
export const auditSettings = {
  /** The fast checks run every few seconds; ten minutes without one, or five left out, is an observer that stands still. */
  polled: { polls: 5, leastSeconds: 600 },
  /** Exact checks take turns each minute or so; those of a busy trail may take minutes. */
  checks: { rounds: 5, leastSeconds: 1_800, forSeconds: 300 },
  absentForSeconds: 600,
  /** A reload in several steps may leave a name out for a moment. */
  orphanedForSeconds: 300,
  /** A table is unproven until a full scan has ended; twice its projected time, or an hour, is no longer normal. */
  unproven: { fullScans: 2, leastSeconds: 3_600, memorySeconds: 600 },
  coverage: { lostForSeconds: 120, incompleteForSeconds: 900 },
  /** An alarm outlasts the connection for this long; by then others say that nothing can be seen. */
  lastKnownSeconds: 21_600,
  countersForSeconds: 300,
  /** Nobody is woken by it, and within that time a baseline may be declared by whoever caused it. */
  unaccountedForSeconds: 900,
  replayForSeconds: 300,
  /** A share, because a form that forgets the reason does so each time; a minimum, because nights are quiet. */
  attribution: { ratio: 0.01, minimum: 5, forSeconds: 300 },
  /** One slow answer seems to be a wrong clock; several polls in a row do not. */
  clockForSeconds: 300,
  /** Where an application writes the records, unless the description allows more. */
  writeLag: { quantile: 0.99, leastSeconds: 60, windowSeconds: 900, forSeconds: 600 },
  /** Half an hour is longer than any honest transaction of an office portal. */
  watermark: { seconds: 1_800, forSeconds: 300 },
  /** Empty intervals are sealed too, so that ten missing checkpoints are no quiet night. */
  seal: { intervals: 10, leastSeconds: 600, forSeconds: 60 },
  /** Anchors retry by themselves for minutes. */
  anchor: { seconds: 3_600, forSeconds: 300 },
  verificationForSeconds: 3_600,
  retentionForSeconds: 300,
  readabilityForSeconds: 300,
  /** What cannot be fixed, or is so on every new server, is told for a day, and is then known. */
  knownSeconds: 86_400,
  bypass: { forSeconds: 3_600 },
  evidence: { unknownForSeconds: 900, degradedForSeconds: 3_600 },
  witnessForSeconds: 300,
  /** A witness reads every minute, so that a gigabyte is many polls that did not; half of the limit leaves time to mend it. */
  witnessRetained: { bytes: 2 ** 30, shareOfLimit: 0.5, forSeconds: 600 },
  unloggedForSeconds: 300,
  comparison: { windowSeconds: 21_600 },
} as const;
