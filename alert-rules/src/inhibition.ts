import type { Pack } from '../../pack/index.js';
import { packLabel } from './policy.js';

/**
 * Alerts that are not sent while another one is. Alertmanager takes a label that both sides lack as equal, so every label
 * in `equal` is one that its matchers make sure of.
 */
export interface Inhibition {
  readonly source_matchers: readonly string[];
  readonly target_matchers: readonly string[];
  readonly equal: readonly string[];
}

/** A faster burn says all that a slower one would. */
export function burnFamily(pack: Pack, alertname: string, subject: string): readonly Inhibition[] {
  const burns = pack.alerting.burn.toSorted((a, b) => b.factor - a.factor).map((burn) => burn.name);
  return burns.slice(0, -1).map((name, index) => ({
    source_matchers: alertMatchers(alertname, `window="${name}"`),
    target_matchers: alertMatchers(alertname, `window=~"${burns.slice(index + 1).join('|')}"`),
    equal: ['alertname', 'portal', subject],
  }));
}

/** Matchers of this pack's alerts by name. */
export function alertMatchers(alertnames: string | readonly string[], ...more: readonly string[]): readonly string[] {
  const name = typeof alertnames === 'string' ? `alertname="${alertnames}"` : `alertname=~"${alertnames.join('|')}"`;
  return [`pack="${packLabel.pack}"`, name, ...more];
}
