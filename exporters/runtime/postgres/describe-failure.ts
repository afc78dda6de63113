import { failureOf } from './failure.js';

/** Why a query of the description's own failed, for people; without what a message may quote of a row. */
export function describeQueryFailure(error: unknown): string {
  const { kind, reason } = failureOf(error);
  if (kind === 'other') return 'the query failed in the database';
  return kind === 'privilege' ? `${reason}${grantFor(reason)}` : reason;
}

/** `permission denied for table clients`. */
export function deniedRelation(reason: string): string | undefined {
  return /permission denied for (?:table|view) (\S+)/.exec(reason)?.[1];
}

function grantFor(reason: string): string {
  const relation = deniedRelation(reason);
  return relation === undefined ? '' : `: GRANT SELECT ON ${relation} TO the role that reads`;
}
