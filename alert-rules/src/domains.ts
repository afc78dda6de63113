import type { Pack } from '../../pack/index.js';
import { auditTrailFile } from './audit-trail/index.js';
import { encryptionFile } from './encryption/index.js';
import type { RuleFile } from './rule.js';
import { workflowFile } from './workflow/index.js';

/** Rules of each domain; a new domain is a line here. */
export const domainRules: readonly ((pack: Pack) => RuleFile)[] = [workflowFile, auditTrailFile, encryptionFile];
