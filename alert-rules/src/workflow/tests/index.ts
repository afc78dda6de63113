import type { Pack } from '../../../../pack/index.js';
import type { TestFile } from '../../tests/scenario.js';
import { burnTests } from './burn.js';
import { measuringTests } from './measuring.js';
import { workflowOwnershipTests } from './ownership.js';
import { portalTests } from './portal.js';

export function workflowTests(pack: Pack): readonly TestFile[] {
  return [...burnTests(pack), ...measuringTests(pack), ...portalTests(), workflowOwnershipTests()];
}
