/** Files that compliance officers keep beside the description: waivers, attestations, changes of the rules. */
import type { z } from 'zod';
import { expected, flag, isoDate, list, name, named, oneOf, section, text } from '../../reading/schema/say.js';
import { changeStatuses } from '../model/board.js';
import { controlId } from './catalogue.js';

const entryId = () =>
  text()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/, { error: expected('an identifier such as W-2026-01') })
    .max(63, { error: expected('an identifier of at most 63 characters') });
const role = () => text().max(100).describe('A role, never the name of a person.');

export const waiversSchema = section(
  {
    waivers: named(
      section({
        control: controlId().describe('What it covers.'),
        reason: text().describe('Why.'),
        compensating: text().describe('What lowers the risk meanwhile.'),
        requestedBy: role(),
        approvedBy: role().describe('A role, another than the one that asked.'),
        approvedOn: isoDate().describe('First day on which it holds.'),
        expiresOn: isoDate().describe('Last day; at most a year after the approval.'),
        coversUnknown: flag().prefault(false).describe('Whether it also covers what cannot be seen. Default false.'),
        ticket: text().exactOptional().describe('Where it was decided.'),
      }),
      'waivers',
      entryId(),
    ).describe('Exceptions with an end, by identifier.'),
  },
  'a map with waivers:',
);
export type ParsedWaivers = z.output<typeof waiversSchema>;

export const attestationsSchema = section(
  {
    attestations: list(
      section({
        control: controlId().describe('What is stated.'),
        check: name().describe('Name of its check of kind attestation.'),
        statedOn: isoDate().describe('When.'),
        statedBy: role(),
        outcome: oneOf(['met', 'not_met']).describe('Whether it is so.'),
        explanation: text().describe('What was examined.'),
      }),
      'attestations',
    ).describe('What people stated. A new statement is a new entry; earlier ones stay.'),
  },
  'a map with attestations:',
);
export type ParsedAttestations = z.output<typeof attestationsSchema>;

export const changesSchema = section(
  {
    changes: named(
      section({
        title: text().describe('What changes.'),
        source: text().describe('Where it is published.'),
        publishedOn: isoDate().describe('When it was published.'),
        effectiveOn: isoDate().exactOptional().describe('When it takes effect, if that is known.'),
        impact: oneOf(['high', 'medium', 'low']).describe('How much has to change.'),
        controls: list(controlId(), 'identifiers').prefault([]).describe('Controls that it affects.'),
        status: oneOf(changeStatuses).describe('How far the firm is.'),
        owner: name().describe('Team that answers for it.'),
      }),
      'changes',
      entryId(),
    ).describe('Published changes of rules, by identifier.'),
  },
  'a map with changes:',
);
export type ParsedChanges = z.output<typeof changesSchema>;
