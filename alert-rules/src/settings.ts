/**
 * Thresholds that no promise of the portal decides, so that they are not in `pack.yaml`. Each has its reason; none is
 * repeated elsewhere.
 */
export const settings = {
  /** A critical window of 5 minutes deserves more than five looks. */
  intervalSeconds: 30,
  /** Long windows sum slices of this length: 3 days of raw 15 s samples for each evaluation would be 17,280 a series. */
  sliceSeconds: 300,
  /** Groups are evaluated in any order or at once, and what vmalert records can be read only some seconds later. */
  settledSeconds: 60,
  /** Up to here windows read raw counters, because they decide how fast an alert fires and recovers. */
  rawWindowSeconds: 7_200,
  /** Long enough to notice that something is gone, short enough that a decommissioned exporter soon stops alerting. */
  memorySeconds: 3_600,
  /** One is enough: nothing was learned of the portal in that turn, and the cause rarely goes by itself. */
  ownFault: { windowSeconds: 900, forSeconds: 300 },
  exporterDownForSeconds: 300,
  configReloadForSeconds: 300,
  collectorForSeconds: 600,
  stateForSeconds: 300,
  /** A rolling restart with another number of shares passes in the meantime. */
  shardsForSeconds: 900,
  /** A thread that hangs is noticed after 10 s and waits up to a minute: at worst it restarts ten times in a quarter of an hour. */
  threadRestarts: { windowSeconds: 900, atLeast: 3 },
  /** Three months for an extended request, sixty working days for a return: such deadlines are uncertain well before the end. */
  calendarEndsSeconds: 180 * 86_400,
  /** How long an event, such as a replaced trigger, stays an alert after it was seen. */
  eventSeconds: 3_600,
} as const;
