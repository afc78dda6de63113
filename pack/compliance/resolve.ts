import type { Resolving } from '../domain.js';
import { resolveDatabase } from '../postgres/resolve.js';
import { entriesOf } from '../reading/entries.js';
import { InvalidPack } from '../reading/problems.js';
import type { KeyPath } from '../reading/source-node.js';
import { resolveSeal } from '../sealing/resolve.js';
import { readBoardFiles } from './board-files.js';
import { resolveControls } from './controls.js';
import type { DocumentAnswer, ReadDocument } from './documents.js';
import type { ComplianceBoard, DeadlineRule, Obligation, PrometheusSource } from './model/index.js';
import type { ParsedBoard, ParsedDeadlineRule, ParsedObligation } from './schema/board.js';

export function resolveBoard(name: string, written: ParsedBoard, { places }: Resolving): ComplianceBoard {
  const path = ['compliance', name];
  const { portal, title, team, calendar, databases, obligations, imports, evidence, prometheus } = written;
  const files = readBoardFiles(path, written, places);
  const catalogues = files.catalogues.map(present);
  const profile = presentIfNamed(files.profile);
  const waivers = presentIfNamed(files.waivers);
  const attestations = presentIfNamed(files.attestations);
  const changes = presentIfNamed(files.changes);
  const documents = [...catalogues, profile, waivers, attestations, changes].filter((each) => each !== undefined);
  const at = (...below: KeyPath) => [...path, ...below];
  return {
    name,
    portal,
    title,
    team,
    calendar,
    ...resolveControls(catalogues, profile),
    waivers: Object.entries(waivers?.value.waivers ?? {}).map(([id, waiver]) => ({ id, ...waiver })),
    attestations: attestations?.value.attestations ?? [],
    changes: Object.entries(changes?.value.changes ?? {}).map(([id, change]) => ({ id, ...change })),
    obligations: entriesOf(obligations, (each, obligation) =>
      resolveObligationOf(each, obligation, calendar, (file) =>
        places.file(at('obligations', each, 'register', 'file'), file),
      ),
    ),
    imports: entriesOf(imports, (each, { format, file, maxAge }) => ({
      name: each,
      format,
      path: places.file(at('imports', each, 'file'), file),
      maxAgeSeconds: maxAge / 1000,
    })),
    ...(prometheus === undefined ? {} : { prometheus: resolvePrometheus(prometheus, at('prometheus'), places) }),
    databases: entriesOf(databases, (each, access) => ({
      name: each,
      ...resolveDatabase(access, at('databases', each), places),
    })),
    evidence: {
      retentionDays: evidence.retention,
      ...(evidence.directory === undefined
        ? {}
        : { directory: places.file(at('evidence', 'directory'), evidence.directory) }),
      ...(evidence.database === undefined
        ? {}
        : { database: resolveDatabase(evidence.database, at('evidence', 'database'), places) }),
      ...(evidence.seal === undefined ? {} : { seal: resolveSeal(evidence.seal, at('evidence', 'seal'), places) }),
    },
    files: documents.map(({ files: paths, sha256 }) => ({ paths, sha256 })),
  };
}

/** The rules have found no problem; only a file that changed since can have one. */
function present<T>(answer: DocumentAnswer<T> | undefined): ReadDocument<T> {
  if (answer === undefined) throw new Error('a catalogue that does not exist passed the rules');
  if ('problems' in answer) throw new InvalidPack(answer.problems);
  return answer;
}

function presentIfNamed<T>(answer: DocumentAnswer<T> | undefined): ReadDocument<T> | undefined {
  return answer === undefined ? undefined : present(answer);
}

function resolvePrometheus(
  written: NonNullable<ParsedBoard['prometheus']>,
  path: KeyPath,
  places: Resolving['places'],
): PrometheusSource {
  const { url, username, password, bearerToken, caFile } = written;
  const secret = (key: string, text: string) => places.secret([...path, key], text);
  return {
    url,
    ...(username === undefined ? {} : { username: secret('username', username) }),
    ...(password === undefined ? {} : { password: secret('password', password) }),
    ...(bearerToken === undefined ? {} : { bearerToken: secret('bearerToken', bearerToken) }),
    ...(caFile === undefined ? {} : { caFile: places.file([...path, 'caFile'], caFile) }),
  };
}

function resolveObligationOf(
  name: string,
  written: ParsedObligation,
  boardCalendar: string,
  fileOf: (written: string) => string,
): Obligation {
  const { title, ruleText, rule, extended, lead, calendar, conservative, register, schedule, silentAfter } = written;
  return {
    name,
    title,
    ruleText,
    rule: resolveRule(rule),
    ...(extended === undefined ? {} : { extended: resolveRule(extended) }),
    leadSeconds: lead / 1000,
    calendar: calendar ?? boardCalendar,
    conservative,
    register:
      'file' in register
        ? { kind: 'file', path: fileOf(register.file), format: register.format }
        : { kind: 'sql', ...register },
    ...(schedule === undefined
      ? {}
      : { schedule: { periodEnds: schedule.firstPeriodEnds, everyMonths: schedule.everyMonths } }),
    ...(silentAfter === undefined ? {} : { silentAfterSeconds: silentAfter / 1000 }),
  };
}

function resolveRule(rule: ParsedDeadlineRule): DeadlineRule {
  if ('months' in rule) return { kind: 'months', ...rule };
  if ('days' in rule) return { kind: 'days', ...rule };
  return 'hours' in rule ? { kind: 'hours', hours: rule.hours } : { kind: 'business_days', days: rule.businessDays };
}
