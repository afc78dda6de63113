import type { PackSection } from '../../pack/index.js';
import type { ExporterFactory } from './exporter.js';

/** What the command line knows about an exporter before it is loaded. */
export interface ExporterEntry {
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Sections of the description whose secrets it uses; the secrets of other sections need not be available. */
  readonly secretsOf: readonly PackSection[];
  /** Loaded when needed, so that an exporter does not load the libraries of another. */
  readonly load: () => Promise<ExporterFactory>;
}
