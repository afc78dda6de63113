import { suggest } from '../../reading/suggest.js';
import type { SharedRule } from '../../shared/rule.js';
import { shownVariable, templatesIn, variablesIn } from '../variables.js';

/** They are sent with the first step already, before anything is extracted. */
export const variablesOfPortals: SharedRule = ({ shared, reporter }) => {
  for (const [name, portal] of Object.entries(shared.portals)) {
    const known = Object.keys(portal.variables);
    for (const { path, text } of templatesIn(portal.headers, ['portals', name, 'headers'])) {
      for (const variable of new Set(variablesIn(text))) {
        if (!known.includes(variable)) {
          reporter.report(path, `${shownVariable(path, variable)} is no variable of portal '${name}'`, {
            didYouMean: suggest(variable, known),
          });
        }
      }
    }
  }
};
