/** The checks that say when they last had a result. */
// `tripwires` are the fast checks: the values of a label keep their names.
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
