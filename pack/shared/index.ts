import type { MetricFamily, Recorded } from '../metrics/declare.js';
import { exporterRecorded } from '../metrics/recorded.js';
import { runtimeMetrics } from '../metrics/runtime.js';
import { calendarMetrics } from '../policy/metrics.js';
import { burn } from '../policy/rules/burn.js';
import { calendars } from '../policy/rules/calendars.js';
import type { Portal } from '../portal/model.js';
import { plainSecretsOfLogins } from '../portal/plain-secrets.js';
import { loginsOfPortals } from '../portal/rules/logins.js';
import { numbersOfPortals } from '../portal/rules/numbers.js';
import { atLeastOnePortal } from '../portal/rules/portals.js';
import { protectionOfPortals } from '../portal/rules/protection.js';
import { variablesOfPortals } from '../portal/rules/variables.js';
import { secretsOfPortals } from '../portal/secret-places.js';
import { limitWarnings } from '../portal/warnings.js';
import type { SecretsOfSection } from '../secrets/secret-places.js';
import type { SharedParts } from './resolve.js';
import type { SharedRule } from './rule.js';

/** What one schema cannot see in the shared sections. */
export const sharedRules: readonly SharedRule[] = [
  atLeastOnePortal,
  calendars,
  variablesOfPortals,
  protectionOfPortals,
  loginsOfPortals,
  burn,
  numbersOfPortals,
];

export const sharedSecrets: Readonly<Record<string, SecretsOfSection>> = { portals: secretsOfPortals };

/** What is valid and yet worth a word. */
export function sharedWarnings({ portals }: SharedParts): readonly string[] {
  return portals.flatMap((portal: Portal) => [...limitWarnings(portal), ...plainSecretsOfLogins(portal)]);
}

export const sharedMetrics: readonly MetricFamily[] = [
  { title: 'Calendars', metrics: calendarMetrics },
  { title: 'Every exporter', metrics: runtimeMetrics },
];

export const sharedRecorded: readonly Recorded[] = Object.values(exporterRecorded);
