import { unsetVariables } from '../secrets/secret.js';
import type { AuditTrail } from './model.js';

export interface UnconnectedTrail {
  readonly trail: string;
  /** Variables that name its database and are not set. */
  readonly variables: readonly string[];
}

interface Trails {
  readonly auditTrails: readonly AuditTrail[];
}

/** Trails that nobody has given a database yet: nothing about them can be known, and that must be said. */
export function unconnectedTrails({ auditTrails }: Trails): readonly UnconnectedTrail[] {
  return auditTrails
    .map(({ name, database }) => ({ trail: name, variables: unsetVariables(database.url.parts) }))
    .filter(({ variables }) => variables.length > 0);
}
