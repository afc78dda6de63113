import type { z } from 'zod';
import { oneOf, section } from '../../reading/schema/say.js';
import { duration } from '../../reading/schema/units.js';

export const priorities = ['critical', 'high', 'medium', 'low'] as const;

export const priority = () => oneOf(priorities);

const row = section(
  {
    severity: oneOf(['critical', 'warning', 'info']).describe('The word that Alertmanager routes on.'),
    respondWithin: duration().describe('Longest time until somebody responds, such as 15m.'),
  },
  'a map of severity: and respondWithin:',
);

/** All four rows: an alert may have any priority, and each must have a row. */
export const severities = section({
  critical: row.describe('The portal does not work.'),
  high: row.describe('A promise is being broken.'),
  medium: row.describe('A promise will be broken if nothing is done.'),
  low: row.describe('To be checked within the working week.'),
}).prefault({
  critical: { severity: 'critical', respondWithin: '15m' },
  high: { severity: 'critical', respondWithin: '30m' },
  medium: { severity: 'warning', respondWithin: '2h' },
  low: { severity: 'info', respondWithin: '8h' },
});

export type ParsedSeverities = z.output<typeof severities>;
