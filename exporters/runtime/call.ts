import { realpathSync } from 'node:fs';
import { delimiter, dirname, join, relative, sep } from 'node:path';
import { packageRoot } from '../../pack/reading/shipped.js';

const PROGRAM = 'kop';

interface Surroundings {
  readonly program: string;
  readonly root: string;
  readonly cwd: string;
  readonly path: string;
}

let known: string | undefined;

/** How the user starts `kop` here: `kop`, `npx kop`, or `node` and the file. */
export function kopCall(): string {
  known ??= callFrom({
    program: join(packageRoot(), 'dist', 'cli', 'kop.js'),
    root: packageRoot(),
    cwd: process.cwd(),
    path: process.env.PATH ?? '',
  });
  return known;
}

export function callFrom({ program, root, cwd, path }: Surroundings): string {
  // npm adds its own folders to the PATH of the processes that it starts; the user's terminal does not have them.
  const readers = path.split(delimiter).filter((folder) => !folder.includes(join('node_modules', '.bin')));
  if (readers.some((folder) => folder !== '' && leadsTo(join(folder, PROGRAM), program))) return PROGRAM;
  if (isWithin(cwd, root) && !root.includes(`${sep}node_modules${sep}`)) return `npx ${PROGRAM}`;
  if (parentsOf(cwd).some((folder) => leadsTo(join(folder, 'node_modules', '.bin', PROGRAM), program))) {
    return `npx ${PROGRAM}`;
  }
  return `node ${quoted(program)}`;
}

/** Rewrites each command in a text so that it works unchanged in the user's terminal. */
export function withCalls(text: string, verbs: readonly string[], call: string = kopCall()): string {
  if (call === PROGRAM) return text;
  const command = new RegExp(`(?<!npx)(^|[\\s(\`'"$])${PROGRAM} (${verbs.join('|')})(?![\\w-])(?!:)`, 'gm');
  return text.replaceAll(command, (_, before: string, verb: string) => `${before}${call} ${verb}`);
}

function leadsTo(file: string, program: string): boolean {
  try {
    return realpathSync(file) === realpathSync(program);
  } catch {
    return false;
  }
}

function isWithin(folder: string, root: string): boolean {
  const way = relative(root, folder);
  return way === '' || (!way.startsWith('..') && !way.includes('node_modules'));
}

function parentsOf(folder: string): readonly string[] {
  const up = dirname(folder);
  return up === folder ? [folder] : [folder, ...parentsOf(up)];
}

/** Quoted as one word for a shell. */
export function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
