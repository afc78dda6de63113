import type { AuditWitness as WitnessSettings } from '../../../pack/audit-trail/model.js';
import { type DatabaseDeps, openDatabase } from '../database/open.js';
import { DecodingWitness } from './decoding.js';
import type { Witness } from './report.js';

export { type KeptPlace, keptPlaceSchema } from './kept.js';
export type { UncertainTable, Witness, WitnessedCount, WitnessReport } from './report.js';

/**
 * The witness: exact committed changes from the write-ahead log, independent of triggers and records.
 *
 * @example
 * const witness = createWitness(trail.witness, { log, redactor });
 * const report = await witness.poll(signal); // started; from the second on: counted, or unknown with its reason
 */
export function createWitness(settings: WitnessSettings, deps: DatabaseDeps): Witness {
  return new DecodingWitness(openDatabase(settings.database, deps), settings.slot);
}
