import { unsetVariables } from '../secrets/secret.js';
import type { ComplianceBoard } from './model/index.js';

/** Databases whose address is a variable that nobody has set yet. */
export function unconnectedDatabases({ databases }: Pick<ComplianceBoard, 'databases'>) {
  return databases
    .map(({ name, url }) => ({ database: name, variables: unsetVariables(url.parts) }))
    .filter(({ variables }) => variables.length > 0);
}
