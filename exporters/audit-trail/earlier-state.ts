import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { quoted } from '../runtime/call.js';
import { memoryFile } from './observer/memory.js';
import { declarationsFile } from './observer/verdict/declarations.js';

export interface EarlierState {
  /** The earlier folder. */
  readonly found: string;
  readonly unused: readonly string[];
  /** For a shell, while no exporter runs. */
  readonly command: string;
}

export interface EarlierPlaces {
  /** Where it is kept now. */
  readonly folder: string;
  /** The state directory, in which the files of trails lay before each exporter had a folder in it. */
  readonly stateDirectory: string;
  readonly cwd: string;
}

/**
 * The state that an earlier version kept of a trail, where the present folder has none. Beginning anew beside it would
 * silently lose what was proven and declared. Nothing is copied automatically, because it may belong to another exporter.
 */
export async function earlierState(trail: string, places: EarlierPlaces): Promise<EarlierState | undefined> {
  const { folder, stateDirectory, cwd } = places;
  const isKept = (await filesOf(folder, trail)).length > 0;
  if (isKept) return undefined;
  for (const found of [stateDirectory, join(cwd, '.kop', 'audit-trail')]) {
    const unused = await filesOf(found, trail);
    if (unused.length === 0) continue;
    const command = `cp -p ${unused.map((name) => quoted(join(found, name))).join(' ')} ${quoted(`${folder}/`)}`;
    return { found, unused, command };
  }
  return undefined;
}

async function filesOf(folder: string, trail: string): Promise<readonly string[]> {
  // A folder that cannot be read holds nothing that could be copied.
  const names: readonly string[] = await readdir(folder).catch(() => []);
  return [memoryFile(trail), declarationsFile(trail)].filter((name) => names.includes(name));
}
