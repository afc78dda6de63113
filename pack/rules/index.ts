import { auditTrails } from './audit-trail.js';
import { burn } from './burn.js';
import { encryptions } from './encryption.js';
import { logins } from './logins.js';
import { numbers } from './numbers.js';
import { atLeastOnePortal } from './portals.js';
import { protection } from './protection.js';
import { references } from './references.js';
import type { Rule } from './rule.js';
import { schedules } from './schedules.js';
import { steps } from './steps.js';
import { variables } from './variables.js';

export type { Judged, Rule } from './rule.js';
export { judgeSecrets, type RequireSecrets, type SecretRules } from './secrets.js';

/** Everything that one schema cannot see: what parts of the description say of each other. */
export const rules: readonly Rule[] = [
  atLeastOnePortal,
  references,
  steps,
  variables,
  protection,
  logins,
  schedules,
  burn,
  numbers,
  auditTrails,
  encryptions,
];
