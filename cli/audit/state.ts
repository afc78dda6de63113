import { join } from 'node:path';
import type { Command } from 'commander';
import { AUDIT_TRAIL, memoryFile } from '../../exporters/audit-trail/index.js';
import { exporterState, isThere, type StateLocation } from '../exporter-state.js';

export interface StateOptions {
  readonly 'config.file': readonly string[];
  readonly stateDirectory?: string;
}

/** Where the exporter keeps its state of a trail, as far as a command can tell. */
export interface TrailState extends StateLocation {
  /** An exporter has kept something of this trail there, now or before. */
  readonly isKnown: boolean;
}

export function withStateDirectory(command: Command): Command {
  return command.option(
    '--state-directory <folder>',
    "the exporter's state directory (default: KOP_STATE_DIRECTORY, else that of the exporter that runs here)",
  );
}

/**
 * The directory that is named, else that of the exporter that runs on this machine, else the default one.
 *
 * @throws {StateUnclear} when several exporters run and none is named, and when the directory may not be read.
 */
export async function trailState(options: StateOptions, trail: string): Promise<TrailState> {
  const file = memoryFile(trail);
  const configFiles = options['config.file'];
  const state = await exporterState({ exporter: AUDIT_TRAIL, configFiles, given: options.stateDirectory, file });
  return { ...state, isKnown: await isThere(join(state.folder, file)) };
}

/** Says that no exporter was found, and where. */
export function noExporterText(trail: string, { place }: TrailState): string {
  return (
    `no exporter that keeps the state of trail ${trail} was found on this machine, and there is none of it in ${place}; ` +
    "name the exporter's directory with --state-directory or KOP_STATE_DIRECTORY"
  );
}
