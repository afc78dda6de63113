import { stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { ServiceFailed } from './service.js';

interface Need {
  readonly what: string;
  readonly folder: string;
  readonly megabytes: number;
}

const MB = 1_000_000;
/**
 * For an hour, rounded up. Measured with du: 137 MB when all is up at scale 1 (68 of them PostgreSQL's log of changes), 143
 * ten minutes later, 339 at scale 3.
 */
const POSTGRES_MB = 200;
const POSTGRES_PER_SCALE_MB = 105;
/** Measured: 4 MB after ten minutes, without Grafana, whose database comes on top. */
const RUN_MB = 50;

export interface RoomOptions {
  /** What the run writes beside the database. */
  readonly folder: string;
  /** Where the database's files go; undefined for somebody else's server. */
  readonly database: string | undefined;
  readonly scale?: number;
}

/** @throws {ServiceFailed} before anything is started on a disk that is too small: a half-filled one helps nobody. */
export async function requireRoom(options: RoomOptions): Promise<void> {
  const all = needs(options);
  for (const need of all) {
    const free = await freeMegabytes(need.folder);
    if (free === undefined) continue;
    const together = await onSameDisk(need.folder, all);
    const wanted = together.reduce((sum, { megabytes }) => sum + megabytes, 0);
    if (free < wanted) throw new ServiceFailed(`The disk of ${need.folder} has ${free} MB free. ${roomText(options)}`);
  }
}

/** Whether this is why something failed, whoever noticed it: we, PostgreSQL or another program of the stack. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')) return true;
  const said = [error.message, ...(error instanceof ServiceFailed ? error.lastLines : [])].join('\n');
  return /No space left on device|no space left on device|ENOSPC|Disk quota exceeded|EDQUOT/.test(said);
}

/** What needs how much, and what to do. */
export function roomText(options: RoomOptions): string {
  const each = needs(options).map(({ what, folder, megabytes }) => `about ${megabytes} MB in ${folder} for ${what}`);
  return (
    `The demo needs ${each.join(', and ')}. Make room there, or choose other folders: --data-dir for everything, TMPDIR for ` +
    "PostgreSQL's files."
  );
}

function needs({ folder, database, scale = 1 }: RoomOptions): readonly Need[] {
  const run: Need = { what: 'logs, state and what Prometheus stores', folder, megabytes: RUN_MB };
  if (database === undefined) return [run];
  const megabytes = POSTGRES_MB + (scale - 1) * POSTGRES_PER_SCALE_MB;
  return [{ what: "PostgreSQL's files", folder: database, megabytes }, run];
}

async function freeMegabytes(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return Math.floor((bavail * bsize) / MB);
  } catch {
    return undefined;
  }
}

async function onSameDisk(folder: string, all: readonly Need[]): Promise<readonly Need[]> {
  const device = (await stat(folder)).dev;
  const devices = await Promise.all(all.map(async (need) => ({ need, device: (await stat(need.folder)).dev })));
  return devices.filter((each) => each.device === device).map(({ need }) => need);
}

/** Where a server of our own keeps its files; see `postgres.ts`. */
export function databaseFolder(folder: string, keepsData: boolean): string | undefined {
  const theirs = process.env.DATABASE_URL;
  if (theirs !== undefined && theirs !== '') return undefined;
  return keepsData ? folder : tmpdir();
}
