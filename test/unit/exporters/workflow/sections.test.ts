import { expect, it } from 'vitest';
import { History } from '../../../../exporters/workflow/history.js';
import { workflowSections } from '../../../../exporters/workflow/sections.js';
import { unmadeRun, unsentRun } from '../../../../exporters/workflow/unsent.js';
import { job } from '../../../support/workflow/domain.js';
import { result } from '../../../support/workflow/results.js';

const subject = job('http://127.0.0.1:1');

it.each([
  ['unanswered', unsentRun(subject, 'schedule', undefined, 'unanswered', 'an earlier request is open'), 'not sent'],
  ['left out', unmadeRun(subject, 'schedule', 'the thread died'), 'not sent'],
  ['made', result(subject, { durationSeconds: 0.25 }), '250 ms'],
])('a run that was %s shows what it took', (_, run, took) => {
  const history = new History();
  history.add(run);
  const shown = { jobs: [subject], history, portals: [], problem: undefined, leftOut: [], nowMs: Date.now() };
  const [workflows, , , newest] = workflowSections(shown);
  expect(workflows?.table?.rows[0]?.[3]).toMatchObject({ text: took });
  expect(newest?.table?.rows[0]?.[2]).toBe(took);
});
