import { basename } from 'node:path';
import type { Pack, Portal } from '../../../pack/index.js';
import { name as nameSchema } from '../../../pack/reading/schema/say.js';
import { suggest } from '../../../pack/reading/suggest.js';
import { recordedAuth } from './login.js';
import { LoginAnswers } from './login-answers.js';
import { type HarEntry, InvalidHar, readHar } from './read.js';
import { RecordedSecrets } from './secrets.js';
import { type Selection, select } from './select.js';
import { type WrittenSteps, writeSteps } from './steps.js';
import { toYaml } from './write.js';

export { InvalidHar } from './read.js';

export interface ImportOptions {
  readonly pack: Pack;
  readonly name?: string;
  readonly portal?: string;
  /** Where the portal was recorded, if elsewhere than the pack says. */
  readonly baseUrl?: string;
}

export interface Imported {
  readonly name: string;
  readonly portal: string;
  readonly yaml: string;
  readonly steps: readonly string[];
  readonly variables: readonly string[];
  /** Environment variables that must be set before the workflow can run. */
  readonly environment: readonly string[];
  /** Typed or chosen values that are written unchanged. */
  readonly kept: readonly string[];
  /** Reasons for which requests were left out, with their counts. */
  readonly dropped: Readonly<Record<string, number>>;
  /** All of this for a person, line by line. */
  readonly summary: readonly string[];
}

/**
 * Creates a workflow from a browser recording: the portal's pages and data as steps, with ids from earlier answers and
 * without secrets of the recording. @throws {InvalidHar}
 */
export function importHar(file: string, options: ImportOptions): Imported {
  const entries = readHar(file);
  if (entries.length === 0)
    throw new InvalidHar(`${file}: the recording is empty; record while the page loads, then save`);
  const { portal, origin } = recorded(file, entries, options);
  const name = workflowName(file, options.name);
  const secrets = new RecordedSecrets(entries);
  const answers = new LoginAnswers(entries);
  const selection = select(entries, origin, portal, answers);
  // If the portal already describes a login, that description is used instead of the recorded one.
  const login = portal.auth.kind === 'none' ? recordedAuth(entries, origin, answers) : undefined;
  const written = writeSteps(selection.kept, portal, secrets, typeof login === 'string' ? undefined : login);
  if (written.steps.length === 0) {
    const why = [...lines(selection, written)].map((line) => `\n  ${line}`).join('');
    throw new InvalidHar(`${file}: nothing of the recording can become a step of ${portal.name}:${why}`);
  }
  const authenticated = selection.wasAuthenticated && (portal.auth.kind !== 'none' || written.auth !== undefined);
  const recordedMs = selection.kept.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const remarks = [...lines(selection, written)];
  if (written.auth !== undefined) remarks.push(`auth: of portal ${portal.name} is made of the recorded login`);
  if (typeof login === 'string') remarks.push(login);
  if (selection.wasAuthenticated && !authenticated) {
    remarks.push(
      `portal ${portal.name} has no auth:, so the workflow sends no credentials; describe one, then add authenticated: true`,
    );
  }
  const yaml = toYaml({ name, portal, authenticated, recordedMs, written, remarks, pack: options.pack });
  return {
    name,
    portal: portal.name,
    yaml,
    steps: written.steps.map((step) => step.name),
    variables: written.variables,
    environment: written.environment,
    kept: written.kept,
    dropped: Object.fromEntries(selection.dropped),
    summary: [
      `${name}: ${written.steps.length} of ${entries.length} requests became steps on ${portal.name}.`,
      ...remarks.map((remark) => `  ${remark}`),
      ...(written.kept.length === 0 ? [] : ['  kept as it was recorded, taken for no secret; read it:']),
      ...written.kept.map((one) => `    ${one}`),
    ],
  };
}

function* lines({ dropped }: Selection, { variables, environment, notes }: WrittenSteps): Generator<string> {
  for (const [reason, count] of [...dropped].sort(([, a], [, b]) => b - a)) yield `left out, ${count}: ${reason}`;
  yield* notes;
  if (variables.length > 0) yield `taken from earlier answers: ${variables.join(', ')}`;
  if (environment.length > 0) yield `to be set in the environment: ${environment.join(', ')}`;
}

/** Which portal was recorded, and at which address. */
function recorded(
  file: string,
  entries: readonly HarEntry[],
  options: ImportOptions,
): { portal: Portal; origin: string } {
  const { pack } = options;
  const origins = new Set(entries.map(({ url }) => url.origin));
  const names = pack.portals.map(({ name }) => name);
  const asked = options.portal;
  if (asked !== undefined && !names.includes(asked)) {
    const meant = suggest(asked, names);
    throw new InvalidHar(
      `there is no portal '${asked}'; ${meant === undefined ? `there are ${names.join(', ')}` : `did you mean '${meant}'?`}`,
    );
  }
  if (options.baseUrl !== undefined && !URL.canParse(options.baseUrl)) {
    throw new InvalidHar(`--base-url ${options.baseUrl} is no URL; expected one such as https://portal.example.com`);
  }
  const elsewhere = options.baseUrl === undefined ? undefined : new URL(options.baseUrl).origin;
  const candidates = pack.portals.filter(({ name }) => asked === undefined || name === asked);
  const portal =
    candidates.length === 1 ? candidates[0] : candidates.find(({ baseUrl }) => origins.has(new URL(baseUrl).origin));
  if (portal === undefined) {
    throw new InvalidHar(
      `${file}: it does not tell which of the portals ${names.join(', ')} was recorded; say so with --portal`,
    );
  }
  const origin = elsewhere ?? new URL(portal.baseUrl).origin;
  if (!origins.has(origin)) {
    const seen = [...origins].slice(0, 5).join(', ');
    throw new InvalidHar(
      `${file}: no request goes to ${origin}, the portal ${portal.name}; those recorded go to ${seen}. ` +
        'If one of these is the portal, say so with --base-url',
    );
  }
  return { portal, origin };
}

function workflowName(file: string, asked: string | undefined): string {
  if (asked !== undefined) {
    const parsed = nameSchema().safeParse(asked);
    if (parsed.success) return asked;
    throw new InvalidHar(`--name ${asked}: ${parsed.error.issues[0]?.message}`);
  }
  const plain = basename(file)
    .replace(/\.har$/i, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '')
    .slice(0, 63);
  return plain === '' ? 'recorded' : plain;
}
