import { auditTrails } from '../audit-trail/rules.js';
import { encryptions } from '../encryption/rules.js';
import { burn } from '../policy/rules/burn.js';
import { references } from '../policy/rules/references.js';
import { atLeastOnePortal } from '../portal/rules/portals.js';
import { numbers } from '../reading/numbers.js';
import type { Rule } from '../reading/rule.js';
import { logins } from '../workflow/rules/logins.js';
import { protection } from '../workflow/rules/protection.js';
import { schedules } from '../workflow/rules/schedules.js';
import { steps } from '../workflow/rules/steps.js';
import { variables } from '../workflow/rules/variables.js';

export type { Judged, Rule } from '../reading/rule.js';
export { judgeSecrets, type RequireSecrets, type SecretRules } from '../secrets/rules.js';

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
