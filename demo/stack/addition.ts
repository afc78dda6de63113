import type { StackContext } from './service.js';
import type { Tool } from './tools.js';

/** What one exporter needs in the demo on top of the shipped description. */
export interface Addition {
  /** Names the file that it is written to. */
  readonly name: string;
  /** YAML, merged over what came before it. */
  readonly text: string;
  /** Secrets, by the variables that the text names. */
  readonly secrets: Readonly<Record<string, string>>;
  /** What libraries read from the environment; commands in a second terminal need it too. */
  readonly env: Readonly<Record<string, string>>;
  /** What this machine lacks, so that something of it is left out. */
  readonly missing: readonly Tool[];
}

/** Called when the portal runs: its tables are there. */
export type MakeAddition = (context: StackContext) => Promise<Addition>;
