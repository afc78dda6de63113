export type { PathStyle } from '../../pack/index.js';
export type { DatabaseControl } from './faults/environment/environment.js';
export { FLAG_HELP, ruleFromFlag } from './faults/flag.js';
export {
  checkRule,
  FAULT_KINDS,
  type FaultKind,
  type FaultRule,
  InvalidFault,
  parseRule,
  type RuleInput,
} from './faults/rule.js';
export type { Scenario, ScenarioStatus } from './faults/scenario.js';
export { type DemoPortal, type PortalOptions, startPortal } from './portal.js';
export { MAX_SCALE, type SeedOptions, seed } from './schema/seed.js';
