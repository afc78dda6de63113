import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { AUDIT_TRAIL, memoryFile } from '../../exporters/audit-trail/index.js';
import { liveHolder, placeText, reasonOf, type StatePlace, statePlace } from '../../exporters/runtime/state/index.js';
import { type RunningExporter, runningExporters } from '../../exporters/runtime/state/running.js';
import { loadPack } from '../../pack/index.js';
import { CannotRun } from './trail.js';

export interface StateOptions {
  readonly 'config.file': readonly string[];
  readonly stateDirectory?: string;
}

/** Where the exporter keeps what it found of a trail, as far as a command can tell. */
export interface TrailState {
  /** Of the audit-trail exporter, below the state directory. */
  readonly folder: string;
  /** For messages: the directory, and how it was found. */
  readonly place: string;
  /** The process that keeps its state there at present. */
  readonly exporter: { readonly pid: number; readonly host: string } | undefined;
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
 * @throws {CannotRun} when several exporters run and none is named, and when the directory may not be read.
 */
export async function trailState(options: StateOptions, trail: string): Promise<TrailState> {
  const place = statePlace(options.stateDirectory);
  const isNamed = place.from !== 'default' && place.from !== 'XDG_STATE_HOME';
  const running = isNamed ? undefined : await chosenExporter(trail, options['config.file']);
  const folder = join(running?.stateDirectory ?? place.directory, AUDIT_TRAIL);
  const holder = await liveHolder(folder).catch((error: unknown) => {
    throw unreadable(join(folder, 'lock'), error instanceof Error ? (error.cause ?? error) : error);
  });
  return {
    folder,
    place: whereText(place, running),
    exporter: holder === undefined ? undefined : { pid: holder.pid, host: holder.host },
    isKnown: await isThere(join(folder, memoryFile(trail))),
  };
}

/** Says that no exporter was found, and where it was looked for. */
export function noExporterText(trail: string, { place }: TrailState): string {
  return (
    `no exporter that keeps the state of trail ${trail} was found on this machine, and there is none of it in ${place}; ` +
    "name the exporter's directory with --state-directory or KOP_STATE_DIRECTORY"
  );
}

async function chosenExporter(trail: string, configFiles: readonly string[]): Promise<RunningExporter | undefined> {
  const all = (await runningExporters()).filter(({ exporters }) => exporters.includes(AUDIT_TRAIL));
  // Another description may have a trail of the same name: of a demo, of a staging portal.
  const wanted = filesOf(configFiles).join();
  const same = all.filter((each) => each.configFiles.join() === wanted);
  const running = same.length > 0 ? same : all;
  const known: RunningExporter[] = [];
  for (const each of running) {
    if (await isThere(join(each.stateDirectory, AUDIT_TRAIL, memoryFile(trail)))) known.push(each);
  }
  const candidates = known.length > 0 ? known : running;
  if (candidates.length > 1) {
    const places = candidates.map(({ pid, stateDirectory }) => `${stateDirectory} (process ${pid})`);
    throw new CannotRun(`several exporters run here; say whose with --state-directory: ${places.join(', ')}`);
  }
  return candidates[0];
}

function filesOf(configFiles: readonly string[]): readonly string[] {
  return loadPack(configFiles, { requireSecrets: false }).source.files.map((file) => resolve(file));
}

function whereText(place: StatePlace, running: RunningExporter | undefined): string {
  if (running === undefined) return placeText(place);
  return `${running.stateDirectory} (of the exporter that runs here, process ${running.pid})`;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return true;
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
    if (isAbsent) return false;
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): CannotRun {
  return new CannotRun(`${path} cannot be read: ${reasonOf(error)}; run this as the user that the exporter runs as`);
}
