import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

export const stateSources = [
  '--state-directory',
  'KOP_STATE_DIRECTORY',
  'STATE_DIRECTORY',
  'XDG_STATE_HOME',
  'default',
  'the configuration',
] as const;
export type StateSource = (typeof stateSources)[number];

/** Where this process stores its state, and where that setting came from. */
export interface StatePlace {
  readonly directory: string;
  readonly from: StateSource;
}

/**
 * The flag, our variable, systemd's `StateDirectory=`, and then the directory of the XDG base directory specification.
 * Never the working directory: a service starts in `/`, and a command in the user's current directory.
 *
 * @param given the flag's value.
 */
export function statePlace(
  given: string | undefined,
  env: Readonly<Record<string, string | undefined>> = process.env,
  home: string = homedir(),
): StatePlace {
  if (given !== undefined) return { directory: resolve(given), from: '--state-directory' };
  const own = env.KOP_STATE_DIRECTORY;
  if (own !== undefined && own !== '') return { directory: resolve(own), from: 'KOP_STATE_DIRECTORY' };
  // systemd lists all state directories of a unit in the order of `StateDirectory=`.
  const [service] = (env.STATE_DIRECTORY ?? '').split(':');
  if (service !== undefined && service !== '') return { directory: resolve(service), from: 'STATE_DIRECTORY' };
  const xdg = env.XDG_STATE_HOME;
  // The specification says that a relative path is ignored.
  if (xdg !== undefined && isAbsolute(xdg)) return { directory: join(xdg, 'kop'), from: 'XDG_STATE_HOME' };
  return { directory: join(home, '.local', 'state', 'kop'), from: 'default' };
}

/** Whether it was chosen for this process. */
export function isNamed(from: StateSource): boolean {
  return from === '--state-directory' || from === 'KOP_STATE_DIRECTORY' || from === 'STATE_DIRECTORY';
}

/**
 * Where one exporter stores its state. A choice for this process takes precedence over the description, and that over
 * the default.
 *
 * @param described the folder that the description names for this exporter.
 */
export function exporterPlace(place: StatePlace, exporter: string, described?: string): StatePlace {
  return described === undefined || isNamed(place.from)
    ? { directory: join(place.directory, exporter), from: place.from }
    : { directory: resolve(described), from: 'the configuration' };
}

/** For messages. */
export function placeText({ directory, from }: StatePlace): string {
  return from === 'default' ? `${directory} (the default)` : `${directory} (from ${from})`;
}

export const HOW_TO_CHOOSE_A_PLACE = 'name another with --state-directory or KOP_STATE_DIRECTORY';
