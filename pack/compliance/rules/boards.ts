import type { Judged, Rule } from '../../domain.js';
import { check } from '../../policy/rules/references.js';
import { namesIn } from '../../reading/names.js';
import { Places } from '../../reading/places.js';
import type { Problem } from '../../reading/problems.js';
import { type BoardFiles, readBoardFiles } from '../board-files.js';
import { type DocumentAnswer, type ReadDocument, shippedCatalogues } from '../documents.js';
import type { ParsedBoard } from '../schema/board.js';
import type { ParsedCatalogue } from '../schema/catalogue.js';
import { judgeCatalogue } from './catalogues.js';
import { judgeAttestations, judgeChanges, judgeProfile, judgeWaivers } from './registers.js';

type JudgedBoards = Judged<ParsedBoard>;

/** A board names what is described, and a portal has one board: its metrics have no name of the board. */
export const referencesOfBoards: Rule<ParsedBoard> = (judged) => {
  const boardOf = new Map<string, string>();
  for (const [name, board] of Object.entries(judged.own)) {
    const at = (...path: readonly (string | number)[]) => ['compliance', name, ...path];
    check(judged, at('portal'), board.portal, 'portal', namesIn(judged.root, 'portals'));
    check(judged, at('team'), board.team, 'team', namesIn(judged.root, 'teams'));
    check(judged, at('calendar'), board.calendar, 'calendar', namesIn(judged.root, 'calendars'));
    const other = boardOf.get(board.portal);
    if (other !== undefined) {
      judged.reporter.report(at('portal'), `the board ${other} is of the same portal`, {
        expected: 'one board for each portal',
      });
    }
    boardOf.set(board.portal, name);
    for (const [obligation, { calendar, register }] of Object.entries(board.obligations)) {
      const below = at('obligations', obligation);
      if (calendar !== undefined)
        check(judged, [...below, 'calendar'], calendar, 'calendar', namesIn(judged.root, 'calendars'));
      if ('database' in register) {
        check(judged, [...below, 'register', 'database'], register.database, 'database', Object.keys(board.databases));
      }
    }
    judgeRules(judged, name, board);
  }
};

/** `conservative` moves a day, and hours have none. */
function judgeRules({ reporter }: JudgedBoards, name: string, { obligations }: ParsedBoard): void {
  for (const [obligation, { conservative, rule }] of Object.entries(obligations)) {
    if (!conservative || !('hours' in rule)) continue;
    const path = ['compliance', name, 'obligations', obligation, 'conservative'];
    reporter.report(path, 'a rule of hours has no day that could be earlier', {
      expected: 'no conservative: with hours:',
    });
  }
}

/** The files that a board names, and what they say of each other. */
export const filesOfBoards: Rule<ParsedBoard> = (judged) => {
  const places = new Places(judged.root);
  for (const [name, board] of Object.entries(judged.own)) {
    const files = readBoardFiles(['compliance', name], board, places);
    for (const [index, catalogue] of files.catalogues.entries()) {
      if (catalogue !== undefined) continue;
      judged.reporter.report(
        ['compliance', name, 'catalogues', index],
        `there is no shipped catalogue '${board.catalogues[index]}'`,
        {
          expected: `one of ${shippedCatalogues().join(', ')}, or a path that begins with ./, ../ or /`,
        },
      );
    }
    if (board.profile !== undefined && files.profile === undefined) {
      judged.reporter.report(['compliance', name, 'profile'], `there is no shipped profile '${board.profile}'`, {
        expected: 'a shipped one, such as kingston, or a path that begins with ./, ../ or /',
      });
    }
    judged.reporter.problems.push(...problemsOf(files, board, namesIn(judged.root, 'teams') ?? []));
  }
};

function problemsOf(files: BoardFiles, board: ParsedBoard, teams: readonly string[]): readonly Problem[] {
  const catalogues = files.catalogues.filter((each) => each !== undefined);
  const { profile, waivers, attestations, changes } = files;
  const all = [...catalogues, profile, waivers, attestations, changes].filter((each) => each !== undefined);
  const known = catalogues.filter(isRead);
  const names = {
    teams,
    databases: Object.keys(board.databases),
    obligations: Object.keys(board.obligations),
    imports: Object.keys(board.imports),
  };
  for (const catalogue of known) judgeCatalogue(catalogue, names);
  judgeIds(known);
  // What a broken catalogue describes is not known, so nothing can be said of what names it.
  if (known.length === files.catalogues.length) {
    const controls = new Map(known.flatMap(({ value }) => Object.entries(value.controls)));
    if (isRead(profile)) judgeProfile(profile, controls);
    if (isRead(waivers)) judgeWaivers(waivers, controls);
    if (isRead(attestations)) judgeAttestations(attestations, controls);
    if (isRead(changes)) judgeChanges(changes, controls, teams);
  }
  return all.flatMap((each) => ('problems' in each ? each.problems : each.reporter.problems));
}

function isRead<T>(answer: DocumentAnswer<T> | undefined): answer is ReadDocument<T> {
  return answer !== undefined && !('problems' in answer);
}

/** An identifier means one control, whichever catalogue it is in. */
function judgeIds(catalogues: readonly ReadDocument<ParsedCatalogue>[]): void {
  const places = new Map<string, string>();
  for (const { value, reporter, files } of catalogues) {
    const own = value.catalogue.name;
    for (const id of Object.keys(value.controls)) {
      const other = places.get(id);
      if (other !== undefined) {
        reporter.report(['controls', id], `${id} is also in ${other}`, {
          expected: 'an identifier that no other catalogue has',
          atKey: true,
        });
      }
      places.set(id, `the catalogue ${own} (${files.join(', ')})`);
    }
  }
}
