import type { z } from 'zod';
import { expected, section, text } from '../../reading/schema/say.js';
import { duration, ratio } from '../../reading/schema/units.js';

const dayMs = 86_400_000;
const longestDays = 366;
const period = `a whole number of days from 1d to ${longestDays}d`;

export const objective = section({
  title: text().describe('Name for people.'),
  target: ratio()
    .refine((value) => value > 0 && value < 1, { error: expected('a share above 0% and below 100%') })
    .describe('Promised share of runs that meet the SLA, such as 99.95%.'),
  period: duration()
    .transform((milliseconds) => milliseconds / dayMs)
    .refine((days) => Number.isInteger(days) && days <= longestDays, { error: expected(period) })
    .prefault('30d')
    .describe('Period over which the error budget is counted, in whole days. Default 30d.'),
});

export type ParsedObjective = z.output<typeof objective>;
