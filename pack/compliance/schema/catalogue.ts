import { z } from 'zod';
import { url } from '../../reading/schema/patterns.js';
import { exactNumber, expected, isoDate, list, name, named, oneOf, section, text } from '../../reading/schema/say.js';
import { duration, interval, timeout } from '../../reading/schema/units.js';
import { complianceAreas, controlSeverities, referenceConfidences } from '../model/control.js';
import { controlCheck } from './check.js';

/** `AUD-02`, `CC6.1`: what auditors write. */
export const controlId = () =>
  z
    .string({ error: expected('an identifier') })
    .regex(/^[A-Z][A-Z0-9]*(?:[-.][A-Z0-9]+)*$/, { error: expected('an identifier such as AUD-02 or CC6.1') })
    .max(40, { error: expected('an identifier of at most 40 characters') });

const reference = section({
  framework: name().describe('Framework of frameworks: of the catalogue.'),
  ref: text().describe('Place in it, such as Art 33(1).'),
  confidence: oneOf(referenceConfidences).describe(
    'verified: somebody read the text on the day checked:. listed: the document that defines the catalogue names it. to_confirm: a person must confirm it.',
  ),
  checked: isoDate().exactOptional().describe('Day on which the text was read.'),
  note: text().exactOptional().describe('What to know of it.'),
});

/** Facts of the firm: words and booleans of the profile. */
export const facts = () =>
  z.record(name(), z.union([z.boolean(), name()], { error: expected('true, false or a word') }), {
    error: expected('a map of facts'),
  });

const wanted = ['compliant', 'at_risk', 'non_compliant', 'unknown'] as const;

export const knownAnswer = section({
  given: z
    .record(name(), exactNumber(), { error: expected('a map of values by the name of the check') })
    .describe(
      'Values of checks; one without a value saw nothing. Of an attestation: days left; of a deadline: cases overdue, 0.5 for one inside its lead; of an import: identifiers that fail.',
    ),
  want: oneOf(wanted).describe('What the control must say.'),
});

export const control = section({
  title: text().describe('Name for people.'),
  area: oneOf(complianceAreas).describe('Area of the handbook.'),
  owner: name().describe('Team that answers for it.'),
  severity: oneOf(controlSeverities).describe('How bad it is when it fails.'),
  statement: text().describe('What has to be so, for people who do not know the checks.'),
  guidance: text().exactOptional().describe('What to do when it is not so.'),
  runbook: url('full', 'https://wiki.example.com/AUD-02').exactOptional().describe('Page of your own.'),
  effective: section({
    from: isoDate().exactOptional().describe('First day on which it applies.'),
    to: isoDate().exactOptional().describe('Last day.'),
  })
    .prefault({})
    .describe('When it applies. Before from: it is shown as coming. Default: always.'),
  appliesWhen: section({
    facts: facts().describe('It applies where the profile says all of these.'),
    reason: text().describe('Why it does not apply otherwise.'),
    reviewBy: isoDate().describe('Until when this is reviewed; after that day it is unknown whether it applies.'),
  })
    .exactOptional()
    .describe('For which firms it applies. Default: for all.'),
  references: list(reference, 'references').prefault([]).describe('Rules that the control supports.'),
  checks: named(controlCheck, 'checks').describe('How it is checked; all must pass.'),
  evidence: section({ maxAge: duration().describe('Older evidence makes the state unknown.') }).describe(
    'How old evidence may be.',
  ),
  schedule: section({
    every: interval().prefault('5m').describe('Time between two evaluations. Default 5m.'),
    timeout: timeout().prefault('30s').describe('Longest time for one evaluation. Default 30s.'),
  })
    .prefault({})
    .describe('When it is evaluated.'),
  review: isoDate().exactOptional().describe('Day on which a person reviews the control itself.'),
  tests: list(knownAnswer, 'known answers').describe('What the control must say of given values.'),
});
export type ParsedControl = z.output<typeof control>;

export const catalogueSections = ['catalogue', 'frameworks', 'retired', 'controls'] as const;

/** A catalogue, of one file or of several. */
export const catalogueSchema = section(
  {
    catalogue: section({
      name: name().describe('Name of the catalogue.'),
      title: text().describe('Name for people.'),
      version: text()
        .regex(/^\d+\.\d+\.\d+$/, { error: expected('a version such as 1.0.0') })
        .describe('Raised with each change.'),
    }).describe('What the catalogue is.'),
    frameworks: named(
      section({
        title: text().describe('Name of the rules.'),
        source: url('full', 'https://www.legislation.gov.uk/ukpga/2018/12').describe('Where they can be read.'),
      }),
      'frameworks',
    )
      .prefault({})
      .describe('Laws, standards and policies that controls refer to, by a short name.'),
    retired: list(controlId(), 'identifiers')
      .prefault([])
      .describe('Identifiers that were used once and are never used again.'),
    controls: named(control, 'controls', controlId()).describe(
      'What must be so, and how it is checked, by identifier.',
    ),
  },
  'a map of catalogue:, frameworks:, retired: and controls:',
);
export type ParsedCatalogue = z.output<typeof catalogueSchema>;
