import type { Pack } from '../../pack/index.js';
import type { Inhibition } from './inhibition.js';
import type { RuleFile } from './rule.js';
import type { TestFile } from './tests/scenario.js';

/** What a domain gives to the rules. */
export interface RuleDomain {
  readonly rules: (pack: Pack) => RuleFile;
  /** For promtool; at least that each alert fires, stays quiet and recovers. */
  readonly tests: (pack: Pack) => readonly TestFile[];
  /** Which of its alerts say what others of them say already. */
  readonly inhibitions?: (pack: Pack) => readonly Inhibition[];
  /** Combinations of the description under which an alert could never fire, each as one sentence. */
  readonly infeasible?: (pack: Pack) => readonly string[];
}
