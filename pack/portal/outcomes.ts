/** What a request to a portal may come to, as metrics say it: closed sets of label values. */
export const stepPhases = ['dns', 'connect', 'tls', 'send', 'wait', 'receive'] as const;
export type StepPhase = (typeof stepPhases)[number];

/** Why a step failed: a closed set, so that alerts and dashboards can name each reason. */
export const failureReasons = [
  'dns',
  'connect',
  'tls',
  'timeout',
  'unanswered',
  'retry-after',
  'budget',
  'status',
  'assertion',
  'auth',
  'protocol',
  'size',
  'redirect',
  'exporter',
  'skipped',
] as const;
export type FailureReason = (typeof failureReasons)[number];

/**
 * Why it is unknown whether a run met its SLA: the event loop was late, or there was a fault of the exporter or of its
 * set-up. None of these is a fault of the portal.
 */
export const uncertainReasons = [
  'event-loop',
  'file-descriptors',
  'dns-queue',
  'network',
  'secret',
  'client-certificate',
  'proxy',
  'internal',
] as const;
export type UncertainReason = (typeof uncertainReasons)[number];
