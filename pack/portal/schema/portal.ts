import { z } from 'zod';
import { url } from '../../reading/schema/patterns.js';
import { count, expected, flag, named, oneOf, section, text } from '../../reading/schema/say.js';
import { duration, size, timeout } from '../../reading/schema/units.js';
import { auth, identity } from './auth.js';
import { headerValue, path, requestHeaderName, variableName } from './requests.js';

export const scalarText = () =>
  z
    .union([text(), z.number(), z.boolean()], { error: expected('a text or a number') })
    .transform((value) => String(value));

export const headers = () =>
  z.record(requestHeaderName(), headerValue(), { error: expected('a map of header names to texts') });

const tls = section({
  caFile: text()
    .exactOptional()
    .describe(
      'Certificates to trust, PEM. For origins other than the portal they are added to those of Node.js. Default: those of Node.js.',
    ),
  certFile: text().exactOptional().describe('Client certificate, PEM; keyFile belongs to it.'),
  keyFile: text().exactOptional().describe('Key of the client certificate, PEM.'),
  keyPassphrase: text()
    .exactOptional()
    .describe('Passphrase of the key, if it is encrypted: a reference to an environment variable or a file.'),
  serverName: text().exactOptional().describe('Name that the certificate must contain, if it is not the host.'),
  minVersion: oneOf(['TLSv1.2', 'TLSv1.3'])
    .prefault('TLSv1.2')
    .describe('Oldest TLS version accepted. Default TLSv1.2.'),
  insecureSkipVerify: flag()
    .prefault(false)
    .describe('Accept any certificate. The server is then not authenticated. Default false.'),
})
  .refine((given) => (given.certFile === undefined) === (given.keyFile === undefined), {
    error: 'certFile: and keyFile: belong together',
    // A passphrase without a key would never be used.
  })
  .refine((given) => given.keyPassphrase === undefined || given.keyFile !== undefined, {
    error: 'there is no keyFile: that it could be for',
    path: ['keyPassphrase'],
  });

const network = section({
  ipPreference: oneOf(['any', 'ipv4', 'ipv6', 'ipv4-only', 'ipv6-only'])
    .prefault('any')
    .describe('Which address families are tried, and in which order. Default any.'),
  proxy: oneOf(['environment', 'none'])
    .prefault('environment')
    .describe('environment reads HTTP_PROXY, HTTPS_PROXY and NO_PROXY; none connects directly. Default environment.'),
  http2: flag().prefault(true).describe('Offer HTTP/2 and use it where the server agrees. Default true.'),
  maxHeaders: size()
    .refine((bytes) => bytes >= 1024 && bytes <= 262_144, { error: expected('a size from 1KiB to 256KiB') })
    .prefault('16KiB')
    .describe(
      'Maximum size of all headers of an answer together. Larger headers fail the step with reason size. Over HTTP/2 the maximum is 64KiB. Default 16KiB.',
    ),
  redirectOrigins: z
    .array(url('bare', 'https://login.example.com'), { error: expected('a list of origins') })
    .prefault([])
    .describe(
      "Origins other than the portal's own to which a redirect may go, such as https://login.example.com. The same host with another port or scheme is another origin.",
    ),
});

const backoff = section({
  initial: duration().exactOptional().describe('No longer used.'),
  max: duration().exactOptional().describe('No longer used.'),
});

const limits = section({
  maxInFlight: count(1, 1000)
    .prefault(4)
    .describe(
      'Maximum number of requests in progress at once, including requests that are open beyond their deadline: the portal may use a database connection for each. With three or more, one is reserved for workflows of tier canary. With four or more, a workflow may try again once while its own request is open. Default 4.',
    ),
  abandonedAfter: timeout()
    .prefault('5m')
    .describe(
      'The exporter closes a request that is open this long beyond its deadline. The time doubles for a workflow with each consecutive open request, up to 1h. It is also the longest time for which Retry-After is respected. Default 5m.',
    ),
  backoff: backoff
    .exactOptional()
    .describe('No longer used, and refused by the next version: the exporter no longer pauses after time-outs.'),
});

export const portal = section({
  title: text().describe('Name for people.'),
  baseUrl: url('bare', 'https://portal.example.com').describe(
    'Scheme, host and port, such as https://portal.example.com.',
  ),
  pathStyle: oneOf(['underscore', 'kebab'])
    .prefault('underscore')
    .describe('How the portal spells its paths. Steps are written with underscores; kebab turns them into hyphens.'),
  pathStyleExceptions: z
    .array(text(), { error: expected('a list of path segments') })
    .prefault([])
    .describe('Path segments that keep their underscores under the kebab style.'),
  variables: z
    .record(variableName(), scalarText(), { error: expected('a map of variable names to texts or numbers') })
    .prefault({})
    .describe(
      'Values for {name} in paths, queries, headers and bodies, such as the id of a sample client. May be references.',
    ),
  headers: headers()
    .prefault({})
    .describe(
      'Headers that are sent with every request to the portal, including its login. Texts may contain {variables} of this portal and references to secrets.',
    ),
  auth: auth.prefault({ kind: 'none' }).describe('How workflows with authenticated: true log in. Default none.'),
  identities: named(identity, 'identities')
    .prefault({})
    .describe('Further users, each with the keys of auth:. A workflow chooses one with identity:.'),
  tls: tls
    .prefault({})
    .describe(
      "How TLS authenticates the portal. serverName, the client certificate and insecureSkipVerify apply to the portal's own origin only, not to oauth2.tokenUrl or network.redirectOrigins.",
    ),
  network: network.prefault({}).describe('How the portal is reached.'),
  allowMutations: flag()
    .prefault(false)
    .describe('Allow steps that change data. Only for a portal whose data may be changed. Default false.'),
  neverProbe: z
    .array(path(), { error: expected('a list of path patterns') })
    .prefault([])
    .describe(
      'Path patterns that no step may request, even if the path is escaped; * matches any characters of one segment.',
    ),
  allowEncodedSlashes: flag()
    .prefault(false)
    .describe(
      'Allow %2F and %5C in paths, and slashes in the variables of a path, for a portal that treats them as part of a segment. Many servers treat them as a slash, and so select another route. Default false.',
    ),
  limits: limits.prefault({}).describe('How much load the exporter may put on the portal.'),
});

export type ParsedPortal = z.output<typeof portal>;
