import { domain } from '../domain.js';
import { unconnectedDatabases } from './connection.js';
import { complianceMetrics } from './metrics.js';
import { complianceRecorded } from './recorded.js';
import { resolveBoard } from './resolve.js';
import { filesOfBoards, referencesOfBoards } from './rules/boards.js';
import { board } from './schema/board.js';
import { secretsOfBoards } from './secret-places.js';

export const compliance = domain({
  key: 'compliance',
  noun: 'compliance board',
  nouns: 'compliance boards',
  about: 'Which compliance controls there are, where their evidence is, and what was waived.',
  schema: board,
  rules: [referencesOfBoards, filesOfBoards],
  resolve: resolveBoard,
  files: ({ files }) => files,
  unconnected: (board) =>
    unconnectedDatabases(board).map(({ database, variables }) => ({
      what: `Database ${database} of the compliance board ${board.name}`,
      variables,
      meanwhile: 'the controls that read it are unknown',
    })),
  secrets: secretsOfBoards,
  metrics: [{ title: 'Compliance', metrics: complianceMetrics }],
  recorded: () => Object.values(complianceRecorded),
});
