import { z } from 'zod';
import { expected, list, named, oneOf, section, text } from '../../reading/schema/say.js';

const strengths = ['proof', 'hint'] as const;

/** One SELECT: it stands inside another one that counts its rows. */
const query = () =>
  z
    .string({ error: expected('a query: SELECT … AS is_finding …') })
    .max(20_000, { error: expected('a query of at most 20000 characters') })
    .transform((written) => written.trim().replace(/;$/, '').trimEnd())
    .refine((sql) => /^(select|with)\b/i.test(sql), { error: expected('one query that begins with SELECT or WITH') })
    .refine((sql) => !sql.includes(';'), { error: expected('one query, without a semicolon inside') })
    .refine((sql) => /\bis_finding\b/i.test(sql), {
      error: expected('a query with a column is_finding, true in each row that is a finding'),
    });

const comparison = section({
  title: text().describe('What a finding means, and what else it may mean, in a sentence.'),
  strength: oneOf(strengths)
    .prefault('hint')
    .describe(
      'proof: a finding cannot be there without something having gone unlogged, and an alert tells of new ones. hint: it has innocent causes too, and is only shown. Default hint.',
    ),
  query: query().describe(
    'A SELECT with a row for each thing that is compared, and a column is_finding. Tables are named with their schema. Only the numbers of rows and of findings leave the database.',
  ),
});

export const comparisons = named(comparison, 'comparisons');

/** Until now they could only be chosen by these names. */
export const earlierNames = [
  'provider-switches',
  'activity-without-log',
  'orphaned-valuations',
  'missing-irr',
  'activity-id-density',
  'logins-without-session',
] as const;

export const comparisonsOrNames = z.union([comparisons, list(oneOf(earlierNames), 'names')], {
  error: expected('a map of comparisons by name'),
});
