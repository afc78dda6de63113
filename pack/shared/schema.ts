/** The sections that all domains share: portals, and how promises are counted, alerted on and answered for. */
import { z } from 'zod';
import { alerting } from '../policy/schema/alerting.js';
import { calendar } from '../policy/schema/calendar.js';
import { objective } from '../policy/schema/objective.js';
import { severities } from '../policy/schema/severity.js';
import { team } from '../policy/schema/team.js';
import { portal } from '../portal/schema/portal.js';
import { named } from '../reading/schema/say.js';

export const sharedShape = {
  portals: named(portal, 'portals').describe('The portals that are measured.'),
  teams: named(team, 'teams')
    .prefault({})
    .describe('Teams that are responsible for workflows, audit trails and encryption.'),
  calendars: named(calendar, 'calendars').prefault({}).describe('Business hours.'),
  severities: severities.describe('The severity matrix: what each priority means.'),
  objectives: named(objective, 'objectives').prefault({}).describe('Promised shares of good runs.'),
  alerting: alerting.prefault({}).describe('When alerts fire.'),
};

/** Those whose entries have names, so that each stands by itself. */
export const sharedSectionsOfEntries = ['portals', 'teams', 'calendars', 'objectives'];

/** Passes over the sections of domains. */
export const sharedSchema = z.object(sharedShape);

export type ParsedShared = z.output<typeof sharedSchema>;
export type SharedSection = keyof ParsedShared;
