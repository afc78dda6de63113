import { z } from 'zod';
import { auditTrail } from '../audit-trail/schema/trail.js';
import { encryption } from '../encryption/schema/encryption.js';
import { alerting } from '../policy/schema/alerting.js';
import { calendar } from '../policy/schema/calendar.js';
import { objective } from '../policy/schema/objective.js';
import { severities } from '../policy/schema/severity.js';
import { team } from '../policy/schema/team.js';
import { portal } from '../portal/schema/portal.js';
import { expected, named, oneOf, section } from '../reading/schema/say.js';
import { workflow } from '../workflow/schema/workflow.js';

/** What a description is made of. */
export const sections = [
  'portals',
  'teams',
  'calendars',
  'severities',
  'objectives',
  'alerting',
  'workflows',
  'auditTrails',
  'encryption',
] as const;

/** The whole of `pack.yaml`. */
export const pack = section(
  {
    extends: z
      .union([oneOf(['none']), z.array(oneOf(sections))], {
        error: expected(`none, or a list of ${sections.join(', ')}`),
      })
      .exactOptional()
      .describe(
        'Sections of the files before this one that it adds to; the others begin empty. none: all begin empty. Default: it adds to all.',
      ),
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
