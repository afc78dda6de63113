import type { Reporter } from '../../reading/reporter.js';
import { suggest } from '../../reading/suggest.js';
import type { ReadDocument } from '../documents.js';
import { promqlProblem } from '../promql.js';
import type { ParsedCatalogue, ParsedControl } from '../schema/catalogue.js';
import type { ParsedControlCheck } from '../schema/check.js';

/** What a catalogue may name of the description and of its board. */
export interface KnownNames {
  readonly teams: readonly string[];
  readonly databases: readonly string[];
  readonly obligations: readonly string[];
  readonly imports: readonly string[];
}

/**
 * What the parts of one catalogue say of each other, and of the board.
 *
 * @param known undefined for a catalogue by itself: what it names elsewhere is not judged.
 */
export function judgeCatalogue({ value, reporter }: ReadDocument<ParsedCatalogue>, known?: KnownNames): void {
  for (const [id, control] of Object.entries(value.controls)) {
    const at = (...path: readonly (string | number)[]) => ['controls', id, ...path];
    if (value.retired.includes(id)) {
      reporter.report(at(), `the identifier ${id} is retired`, {
        expected: 'a new one; an identifier is never used again',
        atKey: true,
      });
    }
    if (known !== undefined) mustName(reporter, at('owner'), control.owner, 'team', known.teams);
    judgeReferences(value, control, id, reporter);
    judgeTimes(control, id, reporter);
    for (const [name, check] of Object.entries(control.checks))
      judgeCheck(check, at('checks', name), control, known, reporter);
    if (Object.keys(control.checks).length === 0) {
      reporter.report(at('checks'), 'the control has no checks', { expected: 'at least one check' });
    }
    judgeTests(control, id, reporter);
  }
}

function judgeReferences(
  { frameworks }: ParsedCatalogue,
  { references }: ParsedControl,
  id: string,
  reporter: Reporter,
): void {
  for (const [index, { framework, confidence, checked }] of references.entries()) {
    const at = ['controls', id, 'references', index];
    mustName(reporter, [...at, 'framework'], framework, 'framework', Object.keys(frameworks));
    if (confidence === 'verified' && checked === undefined) {
      reporter.report([...at, 'confidence'], 'verified without a day', {
        expected: 'checked: with the day on which the text was read',
      });
    }
  }
}

function judgeTimes({ evidence, schedule, effective }: ParsedControl, id: string, reporter: Reporter): void {
  if (evidence.maxAge < 2 * schedule.every) {
    reporter.report(
      ['controls', id, 'evidence', 'maxAge'],
      'evidence would be too old after one evaluation that fails',
      {
        expected: 'at least twice schedule.every:',
      },
    );
  }
  const { from, to } = effective;
  if (from !== undefined && to !== undefined && to < from) {
    reporter.report(['controls', id, 'effective', 'to'], `${to} is before ${from}`, {
      expected: 'a day that is not before from:',
    });
  }
}

type Path = readonly (string | number)[];

function judgeCheck(
  check: ParsedControlCheck,
  path: Path,
  control: ParsedControl,
  known: KnownNames | undefined,
  reporter: Reporter,
): void {
  if ('expect' in check) judgeWarning(check.expect, [...path, 'expect'], reporter);
  if (known !== undefined) judgeNames(check, path, known, reporter);
  switch (check.kind) {
    case 'promql': {
      judgePromql(check.query, [...path, 'query'], reporter);
      if (check.alive !== undefined) judgePromql(check.alive, [...path, 'alive'], reporter);
      if (check.onEmpty === 'zero' && check.alive === undefined) {
        reporter.report([...path, 'onEmpty'], 'nothing shows that the source is alive', {
          expected: 'alive: beside onEmpty: zero',
        });
      }
      return;
    }
    case 'freshness':
      if (check.database === undefined) judgePromql(check.query, [...path, 'query'], reporter);
      if (check.warnAge !== undefined && check.warnAge > check.maxAge) {
        reporter.report([...path, 'warnAge'], 'it is at risk only after it has failed', {
          expected: 'at most maxAge:',
        });
      }
      return;
    case 'composite':
      judgeComposite(check, path, control, reporter);
      return;
    case 'sql':
    case 'deadline':
    case 'imported':
    case 'http':
    case 'attestation':
      return;
  }
}

/** A check names a database, an obligation or an import of the board. */
function judgeNames(check: ParsedControlCheck, path: Path, known: KnownNames, reporter: Reporter): void {
  switch (check.kind) {
    case 'sql':
      mustName(reporter, [...path, 'database'], check.database, 'database', known.databases);
      return;
    case 'freshness':
      if (check.database === undefined) return;
      mustName(reporter, [...path, 'database'], check.database, 'database', known.databases);
      return;
    case 'deadline':
      mustName(reporter, [...path, 'obligation'], check.obligation, 'obligation', known.obligations);
      return;
    case 'imported':
      mustName(reporter, [...path, 'from'], check.from, 'import', known.imports);
      return;
    case 'promql':
    case 'http':
    case 'attestation':
    case 'composite':
      return;
  }
}

function judgePromql(query: string, path: Path, reporter: Reporter): void {
  const problem = promqlProblem(query);
  if (problem !== undefined) reporter.report(path, problem);
}

/** A limit that every passing value keeps would never put anything at risk. */
function judgeWarning(
  { is, limit, warn }: { readonly is: string; readonly limit: number; readonly warn?: number | undefined },
  path: Path,
  reporter: Reporter,
): void {
  if (warn === undefined) return;
  const isUpper = is === '<' || is === '<=';
  const isLower = is === '>' || is === '>=';
  if (!isUpper && !isLower) {
    reporter.report([...path, 'warn'], `a value that is ${is} a limit has none beside it`, {
      expected: 'no warn: with == and !=',
    });
  } else if (isUpper ? warn >= limit : warn <= limit) {
    reporter.report([...path, 'warn'], 'no value that passes would be at risk', {
      expected: isUpper ? 'less than limit:' : 'more than limit:',
    });
  }
}

function judgeComposite(
  { of, atLeast }: Extract<ParsedControlCheck, { kind: 'composite' }>,
  path: Path,
  { checks }: ParsedControl,
  reporter: Reporter,
): void {
  const members = Object.entries(checks).flatMap(([name, { kind }]) => (kind === 'composite' ? [] : [name]));
  for (const [index, name] of of.entries()) mustName(reporter, [...path, 'of', index], name, 'check', members);
  if (atLeast > of.length) {
    reporter.report([...path, 'atLeast'], `${atLeast} of ${of.length} can never pass`, {
      expected: `at most ${of.length}`,
    });
  }
}

/** Kinds of which every state can be told from one value. */
function judgeTests({ tests, checks }: ParsedControl, id: string, reporter: Reporter): void {
  judgeAnswers(tests, checks, ['controls', id, 'tests'], reporter);
  const onlyStated = Object.values(checks).every(({ kind }) => kind === 'attestation');
  const needed = onlyStated
    ? (['compliant', 'unknown'] as const)
    : (['compliant', 'non_compliant', 'unknown'] as const);
  for (const want of needed) {
    if (!tests.some((test) => test.want === want)) {
      reporter.report(['controls', id, 'tests'], `no known answer is ${want}`, {
        expected: `one for each of ${needed.join(', ')}`,
      });
    }
  }
}

/** Known answers name checks that have a value of their own. */
export function judgeAnswers(
  tests: ParsedControl['tests'],
  checks: ParsedControl['checks'],
  path: Path,
  reporter: Reporter,
): void {
  const names = Object.entries(checks).flatMap(([name, { kind }]) => (kind === 'composite' ? [] : [name]));
  for (const [index, { given }] of tests.entries()) {
    for (const name of Object.keys(given)) mustName(reporter, [...path, index, 'given', name], name, 'check', names);
  }
}

export function mustName(reporter: Reporter, path: Path, name: string, noun: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const expected = known.length === 0 ? `a ${noun} that is described` : `one of ${known.join(', ')}`;
  reporter.report(path, `unknown ${noun} '${name}'`, { expected, didYouMean: suggest(name, known) });
}
