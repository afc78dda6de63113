import { z } from 'zod';
import { count, expected, flag, name, oneOf, section, text } from '../../reading/schema/say.js';
import { duration, interval, ratio, timeout } from '../../reading/schema/units.js';
import { step } from './step.js';

const schedule = section({
  interval: interval().prefault('30s').describe('Time between the starts of two runs. Default 30s.'),
  jitter: ratio().prefault('10%').describe('Random share of the interval added to each start. Default 10%.'),
  timeout: timeout()
    .exactOptional()
    .describe(
      'End of a run that hangs, longer than the SLA. Default: twice the SLA, at least 5s more, below the interval.',
    ),
  warmupRuns: count(0, 100).prefault(1).describe('Runs before the first counted one. Default 1.'),
});

export const workflowSchema = section({
  title: text().describe('Name for people.'),
  portals: z
    .array(name(), { error: expected('a list of portals') })
    .min(1, { error: expected('at least one portal') })
    .exactOptional()
    .describe('Portals on which the workflow runs. Default: all.'),
  team: name().describe('Team that answers for it.'),
  tier: name().describe('Group in dashboards, such as core or bulk.'),
  sla: duration().describe('Promised duration; a run that takes longer, or fails, has missed.'),
  objective: name().describe('Objective that its runs are counted against.'),
  schedule: schedule.prefault({}).describe('When it runs.'),
  connection: oneOf(['fresh', 'reuse'])
    .prefault('fresh')
    .describe('fresh opens a connection each run, as a new visitor does; reuse keeps it. Default fresh.'),
  authenticated: flag().prefault(false).describe("Send the portal's credentials. Default false."),
  identity: name()
    .exactOptional()
    .describe(
      "Which of the portal's identities: the workflow is; it implies authenticated: true. Default: the portal's auth:.",
    ),
  steps: z
    .array(step, { error: expected('a list of steps') })
    .min(1, { error: expected('at least one step') })
    .describe('Requests, one after the other; the first failure ends the run.'),
});

export type ParsedWorkflow = z.output<typeof workflowSchema>;
