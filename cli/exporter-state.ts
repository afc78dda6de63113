import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  exporterPlace,
  isNamed,
  liveHolder,
  placeText,
  reasonOf,
  type StatePlace,
  statePlace,
} from '../exporters/runtime/state/index.js';
import { type RunningExporter, runningExporters } from '../exporters/runtime/state/running.js';
import { loadPack } from '../pack/index.js';

/** An error that the operator can fix; the message says how. */
export class StateUnclear extends Error {
  override readonly name = 'StateUnclear';
}

export interface StateWanted {
  readonly exporter: string;
  readonly configFiles: readonly string[];
  /** The value of `--state-directory`. */
  readonly given: string | undefined;
  /** A folder that the description names for this exporter. */
  readonly described?: string;
  /**
   * A file below the exporter's folder that identifies its state. Without it, only exporters with the same description count, because a demo
   * or a staging exporter may also run here.
   */
  readonly file?: string;
}

/** Where an exporter stores its state, as a command finds it. */
export interface StateLocation {
  readonly folder: string;
  /** For messages: the directory, and how it was found. */
  readonly place: string;
  /** The process that currently uses it. */
  readonly exporter: { readonly pid: number; readonly host: string } | undefined;
}

/**
 * The named directory, otherwise that of the exporter that runs on this machine, otherwise that of the description,
 * otherwise the default.
 *
 * @throws {StateUnclear} when several exporters run and none is named, and when the directory may not be read.
 */
export async function exporterState(wanted: StateWanted): Promise<StateLocation> {
  const own = statePlace(wanted.given);
  const running = isNamed(own.from) ? undefined : await chosenExporter(wanted);
  const place = running === undefined ? own : placeOf(running);
  const { directory: folder, from } = exporterPlace(place, wanted.exporter, wanted.described);
  const holder = await liveHolder(folder).catch((error: unknown) => {
    throw unreadable(join(folder, 'lock'), error instanceof Error ? (error.cause ?? error) : error);
  });
  const directory = from === 'the configuration' ? folder : place.directory;
  return {
    folder,
    place:
      running === undefined
        ? placeText({ directory, from })
        : `${directory} (of the exporter that runs here, process ${running.pid})`,
    exporter: holder === undefined ? undefined : { pid: holder.pid, host: holder.host },
  };
}

/** @throws {StateUnclear} when this user may not know. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return true;
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
    if (isAbsent) return false;
    throw unreadable(path, error);
  }
}

async function chosenExporter({
  exporter,
  configFiles,
  file,
  described,
}: StateWanted): Promise<RunningExporter | undefined> {
  const all = (await runningExporters()).filter(({ exporters }) => exporters.includes(exporter));
  const wanted = filesOf(configFiles).join();
  const same = all.filter((each) => each.configFiles.join() === wanted);
  const running = same.length > 0 || file === undefined ? same : all;
  const known: RunningExporter[] = [];
  for (const each of file === undefined ? [] : running) {
    if (await isThere(join(exporterPlace(placeOf(each), exporter, described).directory, file ?? ''))) known.push(each);
  }
  const candidates = known.length > 0 ? known : running;
  if (candidates.length > 1) {
    const places = candidates.map(({ pid, stateDirectory }) => `${stateDirectory} (process ${pid})`);
    throw new StateUnclear(`several exporters run here; say whose with --state-directory: ${places.join(', ')}`);
  }
  return candidates[0];
}

function placeOf({ stateDirectory, stateFrom }: RunningExporter): StatePlace {
  return { directory: stateDirectory, from: stateFrom ?? 'default' };
}

function filesOf(configFiles: readonly string[]): readonly string[] {
  return loadPack(configFiles, { requireSecrets: false }).source.described.map((file) => resolve(file));
}

function unreadable(path: string, error: unknown): StateUnclear {
  return new StateUnclear(`${path} cannot be read: ${reasonOf(error)}; run this as the user that the exporter runs as`);
}
