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
      'Certificates to trust, PEM; for other origins than the portal, beside those of Node.js. Default: those of Node.js.',
    ),
  certFile: text().exactOptional().describe('Client certificate, PEM; keyFile belongs to it.'),
  keyFile: text().exactOptional().describe('Key of the client certificate, PEM.'),
  keyPassphrase: text()
    .exactOptional()
    .describe('Passphrase of the key, where it is encrypted: a reference to an environment variable or a file.'),
  serverName: text().exactOptional().describe('Name that the certificate must carry, when it is not the host.'),
  minVersion: oneOf(['TLSv1.2', 'TLSv1.3'])
    .prefault('TLSv1.2')
    .describe('Oldest TLS version accepted. Default TLSv1.2.'),
  insecureSkipVerify: flag()
    .prefault(false)
    .describe('Accept any certificate: then nobody checks who answers. Default false.'),
})
  .refine((given) => (given.certFile === undefined) === (given.keyFile === undefined), {
    error: 'certFile: and keyFile: belong together',
    // The passphrase alone would be read and never used.
  })
  .refine((given) => given.keyPassphrase === undefined || given.keyFile !== undefined, {
    error: 'there is no keyFile: that it could be for',
    path: ['keyPassphrase'],
  });

const network = section({
  ipPreference: oneOf(['any', 'ipv4', 'ipv6', 'ipv4-only', 'ipv6-only'])
    .prefault('any')
    .describe('Which addresses are tried, and which first. Default any.'),
  proxy: oneOf(['environment', 'none'])
    .prefault('environment')
    .describe('environment reads HTTP_PROXY, HTTPS_PROXY and NO_PROXY; none connects directly. Default environment.'),
  http2: flag().prefault(true).describe('Offer HTTP/2 and use it where the server agrees. Default true.'),
  maxHeaders: size()
    .refine((bytes) => bytes >= 1024 && bytes <= 262_144, { error: expected('a size from 1KiB to 256KiB') })
    .prefault('16KiB')
    .describe(
      'Most that the headers of an answer may take, all together. Larger ones fail the step with reason size. Over HTTP/2 no more than 64KiB can be read. Default 16KiB.',
    ),
  redirectOrigins: z
    .array(url('bare', 'https://login.example.com'), { error: expected('a list of origins') })
    .prefault([])
    .describe(
      "Origins beside the portal's own that a redirect may lead to, such as https://login.example.com. The same host on another port, or with another scheme, is another origin.",
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
      'Requests of ours in flight at once, those included that are open beyond their deadline: the portal may hold a database connection for each. From three on, one is kept for workflows of tier canary; from four on, a workflow is tried once more beside its own request that is open. Default 4.',
    ),
  abandonedAfter: timeout()
    .prefault('5m')
    .describe(
      'A request that is open this long beyond its deadline is closed by us. It doubles for a workflow with each one in a row, up to 1h. Retry-After is honoured for so long at most. Default 5m.',
    ),
  backoff: backoff
    .exactOptional()
    .describe('No longer used, and refused by the next version: nothing rests after time-outs any more.'),
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
      'Headers sent with every request to the portal, its login included; texts may hold {variables} of this portal and references to secrets.',
    ),
  auth: auth.prefault({ kind: 'none' }).describe('How workflows with authenticated: true log in. Default none.'),
  identities: named(identity, 'identities')
    .prefault({})
    .describe('Further users, each described as auth: is; a workflow chooses one by identity:.'),
  tls: tls
    .prefault({})
    .describe(
      "How the portal proves who it is. serverName, the client certificate and insecureSkipVerify hold for the portal's own origin only, not for oauth2.tokenUrl or network.redirectOrigins.",
    ),
  network: network.prefault({}).describe('How the portal is reached.'),
  allowMutations: flag()
    .prefault(false)
    .describe('Allow steps that change data. Only for a portal whose data may be changed. Default false.'),
  neverProbe: z
    .array(path(), { error: expected('a list of path patterns') })
    .prefault([])
    .describe(
      'Path patterns that no step may call, however the path is escaped; * stands for any characters of one segment.',
    ),
  allowEncodedSlashes: flag()
    .prefault(false)
    .describe(
      'Allow %2F and %5C in paths, and slashes in the variables that fill them, for a portal that takes them for part of a segment. Many servers take them for a slash, and so for another route. Default false.',
    ),
  limits: limits.prefault({}).describe('How much load the exporter may put on the portal.'),
});

export type ParsedPortal = z.output<typeof portal>;
