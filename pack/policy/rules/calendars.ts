import type { SharedRule } from '../../shared/rule.js';
import { holidayTableNames } from '../holidays/tables.js';
import { check } from './references.js';

/** Every table of holidays that is named is shipped. */
export const calendars: SharedRule = (judged) => {
  for (const [name, { holidays }] of Object.entries(judged.shared.calendars)) {
    if (holidays !== undefined) {
      check(judged, ['calendars', name, 'holidays'], holidays, 'table of holidays', holidayTableNames);
    }
  }
};
