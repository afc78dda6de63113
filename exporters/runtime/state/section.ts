import type { LandingSection } from '../landing/section.js';
import type { StateKeeper } from './keeper.js';
import { placeText } from './place.js';

/** For the landing page. */
export function stateSection(state: StateKeeper): LandingSection {
  return {
    title: 'State',
    intro: `What must be known after a restart is kept below ${placeText(state.place)}.`,
    table: {
      columns: ['Exporter', 'Folder', 'State'],
      rows: state
        .states()
        .map(({ exporter, directory, problem }) => [
          exporter,
          directory,
          problem === undefined
            ? { text: 'kept', state: 'good' }
            : { text: 'cannot be kept', state: 'bad', note: problem },
        ]),
      empty: 'No exporter of this process has anything to keep.',
    },
    evidence: {
      fineMeans: 'can be written',
      findings: state
        .states()
        .map(({ exporter, problem }) =>
          problem === undefined
            ? { what: exporter, state: 'fine' }
            : { what: exporter, state: 'attention', why: problem },
        ),
    },
  };
}
