import type { Unconnected } from './domain.js';
import type { DomainEntries } from './domains.js';
import type { SharedParts } from './shared/resolve.js';

/** A whole description: one or several files, merged by name. Each domain's entries stand under its section's name. */
export interface Pack extends SharedParts, DomainEntries {
  readonly source: {
    readonly files: readonly string[];
    /** Those of them that are the description itself; the others are named by it. */
    readonly described: readonly string[];
    /** What an earlier file described and a later one removed, such as `workflows.search`. */
    readonly removed: readonly string[];
    readonly sha256: string;
    /** What is valid and yet worth a word: written to the log at each load, and by `kop check`. */
    readonly warnings: readonly string[];
    /** What was described without a database that can be reached. */
    readonly unconnected: readonly Unconnected[];
  };
}
