import { DateTime } from 'luxon';
import type { ReadDocument } from '../documents.js';
import type { ParsedControl } from '../schema/catalogue.js';
import type { ParsedProfile } from '../schema/profile.js';
import type { ParsedAttestations, ParsedChanges, ParsedWaivers } from '../schema/registers.js';
import { judgeAnswers, mustName } from './catalogues.js';

type Controls = ReadonlyMap<string, ParsedControl>;

export function judgeProfile({ value, reporter }: ReadDocument<ParsedProfile>, controls: Controls): void {
  const ids = [...controls.keys()];
  for (const [index, id] of (value.select.controls ?? []).entries())
    mustName(reporter, ['select', 'controls', index], id, 'control', ids);
  for (const id of Object.keys(value.exclude)) mustName(reporter, ['exclude', id], id, 'control', ids);
  for (const [id, { checks, tests = [] }] of Object.entries(value.tailor)) {
    mustName(reporter, ['tailor', id], id, 'control', ids);
    const own = controls.get(id)?.checks ?? {};
    judgeAnswers(tests, own, ['tailor', id, 'tests'], reporter);
    for (const [name, limits] of Object.entries(checks)) {
      const at = ['tailor', id, 'checks', name];
      mustName(reporter, at, name, 'check', Object.keys(own));
      const kind = own[name]?.kind;
      const may = kind === undefined ? undefined : mayBeTailored[kind];
      for (const key of Object.keys(limits)) {
        if (may === undefined || may.includes(key)) continue;
        reporter.report([...at, key], `a check of kind ${kind} has no ${key}`, {
          expected: may.length === 0 ? 'nothing' : `one of ${may.join(', ')}`,
        });
      }
    }
  }
}

const mayBeTailored: Readonly<Record<ParsedControl['checks'][string]['kind'], readonly string[]>> = {
  promql: ['limit', 'warn'],
  sql: ['limit', 'warn'],
  http: ['limit', 'warn'],
  freshness: ['maxAge'],
  deadline: [],
  attestation: ['everyMonths'],
  imported: [],
  composite: [],
};

export function judgeWaivers({ value, reporter }: ReadDocument<ParsedWaivers>, controls: Controls): void {
  for (const [id, waiver] of Object.entries(value.waivers)) {
    const at = (key: string) => ['waivers', id, key];
    const { control, requestedBy, approvedBy, approvedOn, expiresOn } = waiver;
    mustName(reporter, at('control'), control, 'control', [...controls.keys()]);
    if (sameRole(requestedBy, approvedBy)) {
      reporter.report(at('approvedBy'), 'who asked for it also approved it', { expected: 'another role' });
    }
    if (expiresOn < approvedOn) {
      reporter.report(at('expiresOn'), `${expiresOn} is before ${approvedOn}`, {
        expected: 'a day that is not before approvedOn:',
      });
    }
    const latest = DateTime.fromISO(approvedOn, { zone: 'UTC' }).plus({ years: 1 }).toFormat('yyyy-MM-dd');
    if (expiresOn > latest) {
      reporter.report(at('expiresOn'), 'the waiver holds for more than a year', { expected: `at most ${latest}` });
    }
  }
}

function sameRole(left: string, right: string): boolean {
  return left.trim().toLowerCase() === right.trim().toLowerCase();
}

export function judgeAttestations({ value, reporter }: ReadDocument<ParsedAttestations>, controls: Controls): void {
  for (const [index, { control, check }] of value.attestations.entries()) {
    mustName(reporter, ['attestations', index, 'control'], control, 'control', [...controls.keys()]);
    const own = Object.entries(controls.get(control)?.checks ?? {});
    const stated = own.flatMap(([name, { kind }]) => (kind === 'attestation' ? [name] : []));
    if (controls.has(control)) mustName(reporter, ['attestations', index, 'check'], check, 'check', stated);
  }
}

export function judgeChanges(
  { value, reporter }: ReadDocument<ParsedChanges>,
  controls: Controls,
  teams: readonly string[],
): void {
  for (const [id, change] of Object.entries(value.changes)) {
    mustName(reporter, ['changes', id, 'owner'], change.owner, 'team', teams);
    for (const [index, control] of change.controls.entries()) {
      mustName(reporter, ['changes', id, 'controls', index], control, 'control', [...controls.keys()]);
    }
  }
}
