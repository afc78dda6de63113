import type { Alerting, Calendar, Objective, Severity, Team } from '../policy/model.js';
import { resolveAlerting, resolveCalendar, resolveObjective, resolveSeverities } from '../policy/resolve.js';
import type { Portal } from '../portal/model.js';
import { resolvePortal } from '../portal/resolve.js';
import { entriesOf } from '../reading/entries.js';
import type { Places } from '../reading/places.js';
import type { ParsedShared } from './schema.js';

/** The shared sections, as the other parts of the pack see them. */
export interface SharedParts {
  readonly portals: readonly Portal[];
  readonly objectives: readonly Objective[];
  readonly calendars: readonly Calendar[];
  readonly teams: readonly Team[];
  readonly severities: readonly Severity[];
  readonly alerting: Alerting;
}

export function resolveShared(parsed: ParsedShared, places: Places): SharedParts {
  return {
    portals: entriesOf(parsed.portals, (name, portal) => resolvePortal(name, portal, places)),
    objectives: entriesOf(parsed.objectives, resolveObjective),
    calendars: entriesOf(parsed.calendars, resolveCalendar),
    teams: entriesOf(parsed.teams, (name, team): Team => ({ name, ...team })),
    severities: resolveSeverities(parsed.severities),
    alerting: resolveAlerting(parsed.alerting),
  };
}
