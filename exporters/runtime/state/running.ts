import { lstat, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { writeWhole } from './folder.js';
import { describeProcess, isAlive, processIdentity } from './lock.js';
import { stateSources } from './place.js';

/**
 * Which exporters run on this machine, and where each stores its state: a file per process in a folder that commands
 * know too. Without it a command would have to guess, and could use a directory other than the exporter's.
 */
const entrySchema = processIdentity.extend({
  stateDirectory: z.string(),
  /** Where the setting came from; earlier releases do not record it. */
  stateFrom: z.enum(stateSources).optional(),
  exporters: z.array(z.string()),
  configFiles: z.array(z.string()),
  address: z.string(),
});
export type RunningExporter = z.infer<typeof entrySchema>;
export type Announcement = Pick<
  RunningExporter,
  'stateDirectory' | 'stateFrom' | 'exporters' | 'configFiles' | 'address'
>;

export interface Announced {
  /** Why commands will not find this process; undefined when they will. */
  readonly problem: string | undefined;
  withdraw(): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

export async function announce(announcement: Announcement, env: Environment = process.env): Promise<Announced> {
  const name = `exporter-${process.pid}.json`;
  const entry: RunningExporter = { ...(await describeProcess(process.pid)), ...announcement };
  let problem = 'there is no folder for it';
  for (const folder of writableFolders(env)) {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      if (!(await isTrusted(folder))) throw new Error(`${folder} belongs to somebody else, or anybody may write there`);
      await writeWhole(folder, name, JSON.stringify(entry));
      return { problem: undefined, withdraw: () => rm(join(folder, name), { force: true }).catch(() => undefined) };
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
  }
  return { problem, withdraw: () => Promise.resolve() };
}

/** Running exporters with a trusted file: those of this user and of root; for root, those of every user. */
export async function runningExporters(env: Environment = process.env): Promise<readonly RunningExporter[]> {
  const found = new Map<number, RunningExporter>();
  for (const folder of [...new Set(readableFolders(env))]) {
    if (!(await isTrusted(folder))) continue;
    for (const name of await readdir(folder).catch(() => [])) {
      if (!/^exporter-\d+\.json$/.test(name)) continue;
      const entry = await read(join(folder, name));
      if (entry !== undefined && (await isAlive(entry))) found.set(entry.pid, entry);
    }
  }
  return [...found.values()].sort((a, b) => a.pid - b.pid);
}

async function read(path: string): Promise<RunningExporter | undefined> {
  try {
    return entrySchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

/** systemd's `RuntimeDirectory=`, the user's own, and one below the temporary folder. */
function writableFolders(env: Environment): readonly string[] {
  const [service] = (env.RUNTIME_DIRECTORY ?? '').split(':');
  const xdg = env.XDG_RUNTIME_DIR;
  return [
    ...(service === undefined || service === '' ? [] : [service]),
    ...(xdg === undefined || !isAbsolute(xdg) ? [] : [join(xdg, 'kop')]),
    join(tmpdir(), `kop-${process.getuid?.() ?? homedir().replaceAll(/[^A-Za-z0-9]/g, '_')}`),
  ];
}

function readableFolders(env: Environment): readonly string[] {
  return process.platform === 'win32' ? writableFolders(env) : ['/run/kop', ...writableFolders(env)];
}

const WRITABLE_BY_OTHERS = 0o022;

async function isTrusted(folder: string): Promise<boolean> {
  const own = process.getuid?.();
  const isRun = folder.startsWith('/run/');
  // systemd creates links there; elsewhere a link could point into another folder of this user.
  const found = await (isRun ? stat(folder) : lstat(folder)).catch(() => undefined);
  if (found === undefined || !found.isDirectory()) return false;
  if (own === undefined) return true;
  // Folders that systemd creates below /run belong to the service's user, and only root can create them.
  return (found.uid === own || found.uid === 0 || isRun) && (found.mode & WRITABLE_BY_OTHERS) === 0;
}
