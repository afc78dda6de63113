/** The checks that say when they last had a result. */
export const checkNames = [
  'tripwires',
  'reading',
  'replay',
  'identity',
  'retention',
  'readability',
  'exposure',
  'witness',
  'comparisons',
] as const;
export type CheckName = (typeof checkNames)[number];
