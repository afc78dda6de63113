import { z } from 'zod';
import { headers, scalarText } from '../../portal/schema/portal.js';
import { headerName, path, variableName } from '../../portal/schema/requests.js';
import { jsonPath, regex } from '../../reading/schema/patterns.js';
import { count, expected, flag, name, oneOf, section, text } from '../../reading/schema/say.js';
import { duration, size } from '../../reading/schema/units.js';
import { expectation } from './expectation.js';

const body = section({
  json: z
    .json({ error: expected('a JSON value') })
    .exactOptional()
    .describe('Sent as JSON; texts in it may hold {variables} and references to secrets.'),
  form: z
    .record(text(), scalarText(), { error: expected('a map of field names to texts or numbers') })
    .exactOptional()
    .describe('Sent as a form (application/x-www-form-urlencoded); texts as in json:.'),
}).refine((given) => Object.keys(given).length === 1, { error: 'holds neither or both of json: and form:' });

const extract = section({
  json: jsonPath().exactOptional().describe('JSON path; the first value it selects is taken.'),
  header: headerName().exactOptional().describe('Name of a header of the answer.'),
  cookie: text().exactOptional().describe('Name of a cookie that the answer sets.'),
  regex: regex().exactOptional().describe('Regular expression over the body.'),
  group: count(0, 99)
    .exactOptional()
    .describe('Group of the regular expression that is taken. Default 1, or 0 without groups.'),
})
  .refine(({ group: _, ...sources }) => Object.keys(sources).length === 1, {
    error: 'needs exactly one of json:, header:, cookie: and regex:',
  })
  .refine((given) => given.group === undefined || given.regex !== undefined, {
    error: 'a group belongs to regex:',
    path: ['group'],
  })
  .refine((given) => given.regex === undefined || (given.group ?? 0) <= groupsIn(given.regex), {
    error: 'the regular expression has no such group',
    path: ['group'],
  });

/** How many groups a regular expression has: matched, with an empty alternative, against an empty text. */
export function groupsIn(pattern: string): number {
  try {
    return (new RegExp(`${pattern}|`).exec('')?.length ?? 1) - 1;
  } catch {
    return 99; // Not a regular expression; another check has a better message for it.
  }
}

export const step = section({
  name: name().describe('Name of the step, a label of its metrics.'),
  kind: oneOf(['http']).prefault('http').describe('Kind of the step. Default http.'),
  method: oneOf(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'])
    .prefault('GET')
    .describe('HTTP method. Default GET.'),
  path: path({ encodedSlashes: true }).describe(
    'Path below the base URL, in the underscore style, with {name} for variables.',
  ),
  query: z
    .record(text(), scalarText(), { error: expected('a map of parameter names to texts or numbers') })
    .prefault({})
    .describe('Parameters of the query; texts may hold {variables} and references to secrets.'),
  headers: headers()
    .prefault({})
    .describe('Headers of this request, beside those of the portal; texts may hold {variables} and references.'),
  body: body.exactOptional().describe('Body of the request.'),
  extract: z
    .record(variableName(), extract, { error: expected('a map of variable names to sources') })
    .prefault({})
    .describe('Values taken from the answer, for {name} in later steps.'),
  expect: expectation.prefault({}).describe('What a good answer looks like. Default: status 200.'),
  budget: duration().exactOptional().describe('Longest duration of this step; above it the step fails.'),
  timeout: duration().exactOptional().describe('Longest wait for this step. Default: what is left of the run.'),
  retries: count(0, 5)
    .prefault(0)
    .describe('Further tries after a failure other than a time-out, all inside the measured duration. Default 0.'),
  mutates: flag()
    .exactOptional()
    .describe('Whether the step changes data. Default: true for every method but GET, HEAD and OPTIONS.'),
  maxRedirects: count(0, 20).prefault(5).describe('Redirects that are followed. Default 5.'),
  maxBody: size().prefault('5MB').describe('Longest body that is read; above it the step fails. Default 5MB.'),
});

export type ParsedStep = z.output<typeof step>;
