import { z } from 'zod';
import { pages, statuses } from '../../portal/schema/answers.js';
import { headerName } from '../../portal/schema/requests.js';
import { jsonPath, regex } from '../../reading/schema/patterns.js';
import { count, exactNumber, expected, oneOf, section, text } from '../../reading/schema/say.js';
import { duration, size } from '../../reading/schema/units.js';

const scalar = z.union([z.string(), exactNumber(), z.boolean(), z.null()], {
  error: expected('a text, a number, true, false or null'),
});
const number = () => z.number({ error: expected('a number') });

const jsonCondition = section({
  path: jsonPath().describe('JSON path (RFC 9535) of the values to judge, such as $.status.'),
  exists: z
    .boolean({ error: expected('true or false') })
    .exactOptional()
    .describe('Whether the path must select something.'),
  equals: scalar.exactOptional().describe('The value.'),
  oneOf: z
    .array(scalar, { error: expected('a list of values') })
    .min(1, { error: expected('at least one value') })
    .exactOptional()
    .describe('Accepted values.'),
  type: oneOf(['string', 'number', 'boolean', 'array', 'object', 'null'])
    .exactOptional()
    .describe('Type of the value.'),
  min: number().exactOptional().describe('Lowest number that is accepted.'),
  max: number().exactOptional().describe('Highest number that is accepted.'),
  matches: regex().exactOptional().describe('Regular expression that the text must match.'),
  minItems: count(0, 1_000_000).exactOptional().describe('Minimum number of items in the array.'),
  maxItems: count(0, 1_000_000).exactOptional().describe('Maximum number of items in the array.'),
})
  .refine((given) => Object.keys(given).length > 1, {
    error: 'nothing is checked; add a condition such as exists: true',
  })
  .refine((given) => given.exists !== false || Object.keys(given).length === 2, {
    error: 'false stands alone, because what is absent has no value to check',
    path: ['exists'],
  })
  .refine((given) => (given.min ?? -Infinity) <= (given.max ?? Infinity), {
    error: 'is greater than max:',
    path: ['min'],
  })
  .refine((given) => (given.minItems ?? 0) <= (given.maxItems ?? Infinity), {
    error: 'is greater than maxItems:',
    path: ['minItems'],
  });

const patterns = () => z.array(regex(), { error: expected('a list of regular expressions') }).prefault([]);

export const expectation = section({
  status: statuses.prefault(200).describe('Accepted statuses: 200, 2xx, 200-299, or a list of them. Default 200.'),
  endsAt: pages()
    .prefault([])
    .describe(
      "Pages other than the step's own path at which its redirects may end: paths or complete addresses. * matches any characters of one segment, a last segment ** everything below. Default: none, so that a step that is redirected to a login page fails.",
    ),
  contentType: text().exactOptional().describe('Media type that the answer must have, such as application/json.'),
  headers: z
    .record(headerName(), section({ matches: regex().describe('Regular expression that the header must match.') }), {
      error: expected('a map of header names to matches:'),
    })
    .prefault({})
    .describe('Headers that the answer must have.'),
  json: z
    .array(jsonCondition, { error: expected('a list of conditions') })
    .prefault([])
    .describe('Conditions on the JSON of the answer; all must hold.'),
  bodyMatches: patterns().describe('Regular expressions that the body must match.'),
  bodyNotMatches: patterns().describe('Regular expressions that the body must not match.'),
  minSize: size().exactOptional().describe('Minimum size of the body, such as 1KiB.'),
  maxSize: size().exactOptional().describe('Maximum size of the body.'),
  certificateValidFor: duration()
    .exactOptional()
    .describe('How much longer the certificate must be valid, such as 14d.'),
}).refine((given) => (given.minSize ?? 0) <= (given.maxSize ?? Infinity), {
  error: 'is greater than maxSize:',
  path: ['minSize'],
});

export type ParsedExpectation = z.output<typeof expectation>;
