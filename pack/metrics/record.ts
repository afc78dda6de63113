import type { Recorded, Unit } from './declare.js';

/** How a series that a rule records is declared. */
export function recorded(name: string, unit: Unit, labels: readonly string[], help: string): Recorded {
  return { name, unit, help, labels };
}
