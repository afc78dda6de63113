import type { Pack } from '../../../pack/index.js';
import { auditTrailTests } from '../audit-trail/tests/index.js';
import { encryptionTests } from '../encryption/tests/index.js';
import { workflowTests } from '../workflow/tests/index.js';
import type { TestFile } from './scenario.js';

/** Tests of each domain's rules; a new domain is a line here. Apart from the rules, because the tests read those. */
export const domainTests: readonly ((pack: Pack) => readonly TestFile[])[] = [
  workflowTests,
  auditTrailTests,
  encryptionTests,
];
