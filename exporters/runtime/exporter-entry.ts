import type { PackSection } from '../../pack/index.js';
import type { ExporterFactory } from './exporter.js';

/** What the command line knows of an exporter before it is wanted. */
export interface ExporterEntry {
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Sections of the description whose secrets it uses: those of the others need not be at hand. */
  readonly secretsOf: readonly PackSection[];
  /** Loaded when wanted, so that one exporter does not pay for the libraries of another. */
  readonly load: () => Promise<ExporterFactory>;
}
