import type { z } from 'zod';
import { alerting } from './alerting.js';
import { auditTrail } from './audit-trail.js';
import { calendar } from './calendar.js';
import { encryption } from './encryption.js';
import { objective } from './objective.js';
import { portal } from './portal.js';
import { named, section } from './say.js';
import { severities } from './severity.js';
import { team } from './team.js';
import { workflow } from './workflow.js';

/** The whole of `pack.yaml`. */
export const pack = section(
  {
    portals: named(portal, 'portals').describe('The portals that are measured.'),
    teams: named(team, 'teams').prefault({}).describe('Who answers for what.'),
    calendars: named(calendar, 'calendars').prefault({}).describe('Business hours.'),
    severities: severities.describe('The severity matrix: what each priority means.'),
    objectives: named(objective, 'objectives').prefault({}).describe('Promised shares of good runs.'),
    alerting: alerting.prefault({}).describe('When alerts fire.'),
    workflows: named(workflow, 'workflows')
      .prefault({})
      .describe('What people do on a portal, how fast it must be, and how that is measured.'),
    auditTrails: named(auditTrail, 'audit trails')
      .prefault({})
      .describe('What is promised of the record of changes, and where the evidence is.'),
    encryption: named(encryption, 'descriptions of encryption')
      .prefault({})
      .describe('What is promised of field encryption: how fast, with which keys, in which columns.'),
  },
  'a map of sections',
);

export type ParsedPack = z.output<typeof pack>;
