import { auditTrailRules } from './audit-trail/index.js';
import { complianceRules } from './compliance/index.js';
import type { RuleDomain } from './domain.js';
import { encryptionRules } from './encryption/index.js';
import { workflowRules } from './workflow/index.js';

/** A new domain is a line here; all else of it is in its folder. */
export const ruleDomains: readonly RuleDomain[] = [workflowRules, auditTrailRules, encryptionRules, complianceRules];
