import type { z } from 'zod';
import { exactNumber, isoDate, list, name, named, oneOf, section, text } from '../../reading/schema/say.js';
import { duration, interval } from '../../reading/schema/units.js';
import { complianceAreas, controlSeverities } from '../model/control.js';
import { controlId, facts, knownAnswer } from './catalogue.js';

const limits = section({
  limit: exactNumber().exactOptional().describe('Another limit.'),
  warn: exactNumber().exactOptional().describe('Another limit from which it is at risk.'),
  maxAge: duration().exactOptional().describe('Another longest age, of a check of freshness.'),
  everyMonths: exactNumber().exactOptional().describe('Another time between two statements, of an attestation.'),
});

export const profileSections = ['select', 'facts', 'exclude', 'tailor'] as const;

/** Which controls of the catalogues apply to a firm, and what it says otherwise. */
export const profileSchema = section(
  {
    select: section({
      areas: list(oneOf(complianceAreas), 'areas')
        .exactOptional()
        .describe('Only controls of these areas. Default: all.'),
      controls: list(controlId(), 'identifiers').exactOptional().describe('Only these controls. Default: all.'),
    })
      .prefault({})
      .describe('Which controls are taken. Default: all.'),
    facts: facts().prefault({}).describe('What the firm is: appliesWhen: of controls asks for it.'),
    exclude: named(
      section({
        reason: text().describe('Why it does not apply.'),
        reviewBy: isoDate().describe('Until when this is reviewed; after that day it is unknown whether it applies.'),
      }),
      'controls',
      controlId(),
    )
      .prefault({})
      .describe('Controls that do not apply to the firm. They stay visible.'),
    tailor: named(
      section({
        owner: name().exactOptional().describe('Another team.'),
        severity: oneOf(controlSeverities).exactOptional().describe('Another severity.'),
        maxAge: duration().exactOptional().describe('Another longest age of evidence.'),
        every: interval().exactOptional().describe('Another time between two evaluations.'),
        review: isoDate().exactOptional().describe('Another day of review.'),
        checks: named(limits, 'checks').prefault({}).describe('Other limits, by the name of the check.'),
        tests: list(knownAnswer, 'known answers')
          .exactOptional()
          .describe("Known answers in place of the catalogue's, which other limits may make wrong."),
      }),
      'controls',
      controlId(),
    )
      .prefault({})
      .describe('What the firm says otherwise than the catalogue.'),
  },
  'a map of select:, facts:, exclude: and tailor:',
);
export type ParsedProfile = z.output<typeof profileSchema>;
