import type { StackContext } from './service.js';
import type { Tool } from './tools.js';

/** What one exporter needs in the demo on top of the shipped description. */
export interface Addition {
  /** Names the file that it is written to. */
  readonly name: string;
  /** YAML, merged over what came before it. */
  readonly text: string;
  /** Secrets that the text names; they stand in no file. */
  readonly env: Readonly<Record<string, string>>;
  /** What this machine lacks, so that something of it is left out. */
  readonly missing: readonly Tool[];
}

/** Called when the portal runs: its tables are there. */
export type MakeAddition = (context: StackContext) => Promise<Addition>;
