import { longestProbePauseSeconds } from '../../../pack/encryption/metrics.js';

/** Thresholds that no description gives, each with its reason. */
export const encryptionSettings = {
  /** Single encryptions; a round trip is one of each again, and a data key is fetched for many. */
  operations: 'encrypt|decrypt',
  /** A key service that restarts is back within two minutes. */
  downForSeconds: 120,
  /** A measuring thread that hangs is back within two minutes, and an exporter that restarts within one. */
  upMemorySeconds: 300,
  /** A failed self-test is told at once, and for this long after the last failure, so that it does not flicker. */
  selfTest: {
    holdSeconds: 300,
    /** Those that change versions of a key are made once an hour; this is twice that. */
    staleSeconds: 7_200,
    /** That a test was made before is known for so long after the exporter began again. */
    memorySeconds: 86_400,
  },
  /** Rounds follow each other within seconds; while a provider is down, within the longest pause and one round more. */
  probe: { intervals: 20, leastSeconds: 2 * longestProbePauseSeconds, forSeconds: 60 },
  /** A tenth of the rotation period, but a day at the least and a week at the most. */
  rotationSoon: { share: 0.1, leastSeconds: 86_400, mostSeconds: 604_800 },
  /** Renewing happens at half of a token's life: at a quarter it does not happen any more. A week is time for people. */
  credential: { share: 0.25, mostSeconds: 604_800 },
  /** Half of 2^32: at the pace of a portal there are months left, and a rotation takes days. */
  invocationsRatio: 0.5,
  /**
   * Re-encryption by a nightly job moves once a day. Less than `movedRatio` in the window is no job at work, but a row that
   * somebody wrote. Where the rows under the newest version fell below `rotatedRatio`, there is a newer version.
   */
  stalled: { windowSeconds: 86_400, movedRatio: 0.01, rotatedRatio: 0.5, forSeconds: 3_600 },
  /** A scan of a large column may outlast an interval. */
  scan: { intervals: 3, leastSeconds: 86_400, failingForSeconds: 900, forSeconds: 300 },
  rowsForSeconds: 60,
  tainted: { windowSeconds: 3_600, ratio: 0.2, forSeconds: 3_600 },
  timingsForSeconds: 3_600,
} as const;
