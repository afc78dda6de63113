import type { ResultImport } from '../../../pack/compliance/model/index.js';
import { importFindingOf } from '../interchange/import/finding.js';
import { readImport } from '../interchange/import/read.js';
import { unknownFinding } from '../status/finding.js';
import type { LookOf } from './look.js';

/** Another tool's results. How old they may be is the import's matter: they are read now, so the evidence is of now. */
export const lookByImport: LookOf<'imported', { readonly imports: readonly ResultImport[] }> =
  (check, { imports }) =>
  async ({ now, signal }) => {
    const name = `import ${check.source}`;
    const source = imports.find((each) => each.name === check.source);
    if (source === undefined) return unknownFinding(name, `the board names no import ${check.source}`);
    const { outcome, failing, reason } = importFindingOf(check, source, await readImport(source, signal), now);
    if (outcome === 'unknown' || failing === undefined) return unknownFinding(name, reason);
    const seen = { value: String(failing), asOf: now, source: name };
    return outcome === 'pass' ? { outcome, seen } : { outcome, seen, reason };
  };
