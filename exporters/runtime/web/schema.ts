import { validateHeaderName, validateHeaderValue } from 'node:http';
import { z } from 'zod';
import { section } from '../../../pack/reading/schema/say.js';
import { parseGoDuration } from './go-duration.js';
import { cipherSuites, clientAuthTypes, curves, tlsVersions, tlsVersionsRefused } from './tls-names.js';

/**
 * The web configuration file of Prometheus's exporter-toolkit. A message that begins with `expected ` says what is
 * valid; others say what is wrong.
 */
const text = z.string({ error: 'expected a text' }).min(1, { error: 'expected a text that is not empty' });
const flag = z.boolean({ error: 'expected true or false' });

function namesOf<Names extends Record<string, string>>(names: Names, what: string) {
  const known = Object.keys(names);
  return z
    .string({ error: `expected ${what}` })
    .refine((name) => known.includes(name), { error: `expected one of ${known.join(', ')}` })
    .transform((name) => names[name] ?? name);
}

const version = z
  .string({ error: 'expected TLS12 or TLS13' })
  .refine((name) => !tlsVersionsRefused.some((old) => old === name), {
    error: 'TLS 1.0 and 1.1 are not supported here; expected TLS12 or TLS13',
    abort: true,
  })
  .pipe(z.enum(['TLS12', 'TLS13'], { error: 'expected TLS12 or TLS13' }))
  .transform((name) => tlsVersions[name]);

const tlsServer = section({
  cert: text.optional(),
  key: text.optional(),
  client_ca: text.optional(),
  cert_file: text.optional(),
  key_file: text.optional(),
  client_ca_file: text.optional(),
  client_auth_type: z
    .preprocess(
      // The toolkit still accepts this older name.
      (value) => (value === 'RequireClientCert' ? 'RequireAnyClientCert' : value),
      z.enum(clientAuthTypes, { error: `expected one of ${clientAuthTypes.join(', ')}` }),
    )
    .default('NoClientCert'),
  client_allowed_sans: z.array(text, { error: 'expected a list of names' }).optional(),
  min_version: version.default('TLSv1.2'),
  max_version: version.default('TLSv1.3'),
  cipher_suites: z
    .array(namesOf(cipherSuites, 'a cipher suite'), { error: 'expected a list of cipher suites' })
    .default([]),
  prefer_server_cipher_suites: flag.default(true),
  curve_preferences: z.array(namesOf(curves, 'a curve'), { error: 'expected a list of curves' }).default([]),
}).superRefine((tls, context) => {
  const wrong = (key: keyof typeof tls, message: string) => context.addIssue({ code: 'custom', path: [key], message });
  for (const [inline, file] of [
    ['cert', 'cert_file'],
    ['key', 'key_file'],
    ['client_ca', 'client_ca_file'],
  ] as const) {
    if (tls[inline] !== undefined && tls[file] !== undefined)
      wrong(inline, `${inline} and ${file} cannot both be given`);
  }
  if (tls.cert === undefined && tls.cert_file === undefined) wrong('cert_file', 'TLS needs cert_file or cert');
  if (tls.key === undefined && tls.key_file === undefined) wrong('key_file', 'TLS needs key_file or key');
  const { client_auth_type: policy } = tls;
  if ((tls.client_ca ?? tls.client_ca_file) !== undefined && policy === 'NoClientCert') {
    wrong('client_auth_type', 'a client CA is given, but client_auth_type NoClientCert never asks for a certificate');
  }
  if (tls.client_allowed_sans !== undefined && !policy.startsWith('Require')) {
    wrong(
      'client_allowed_sans',
      'client_allowed_sans needs client_auth_type RequireAnyClientCert or RequireAndVerifyClientCert',
    );
  }
  if (tls.min_version > tls.max_version) wrong('min_version', 'min_version is above max_version');
});

const headerValues: Readonly<Record<string, readonly string[]>> = {
  'Strict-Transport-Security': [],
  'X-Content-Type-Options': ['nosniff'],
  'X-Frame-Options': ['deny', 'sameorigin'],
  'X-XSS-Protection': [],
  'Content-Security-Policy': [],
};

const headers = z
  .record(z.string(), z.string({ error: 'expected a text' }), { error: 'expected a map of headers' })
  .superRefine((given, context) => {
    for (const [name, value] of Object.entries(given)) {
      const wrong = (message: string) => context.addIssue({ code: 'custom', path: [name], message });
      const allowed = headerValues[name];
      if (allowed === undefined) {
        wrong(`this header cannot be configured; expected one of ${Object.keys(headerValues).join(', ')}`);
      } else if (value !== '' && allowed.length > 0 && !allowed.includes(value)) {
        wrong(`expected ${allowed.join(' or ')}`);
      } else if (!isSendable(name, value)) {
        wrong('the value holds a character that a header cannot carry');
      }
    }
  });

function isSendable(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}

const httpServer = section({
  http2: flag.optional(),
  headers: headers.default({}),
});

const bcryptHash = z
  .string({ error: 'expected a bcrypt hash' })
  .regex(/^\$2[aby]?\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/, {
    error: 'expected a bcrypt hash, such as htpasswd -nBC 10 prints',
  });

const users = z
  .record(z.string(), bcryptHash, { error: 'expected a map of user names to bcrypt hashes' })
  .superRefine((given, context) => {
    for (const user of Object.keys(given)) {
      if (user.includes(':')) {
        context.addIssue({
          code: 'custom',
          path: [user],
          message: 'a user name cannot hold a colon: basic auth ends it there',
        });
      }
    }
  });

const rateLimit = section({
  interval: z
    .union([z.string(), z.number()], { error: 'expected a duration such as 500ms' })
    .transform((value, context) => {
      const ms = parseGoDuration(value);
      if (ms === undefined)
        context.addIssue({ code: 'custom', message: 'expected a duration such as 500ms, or 0 for none' });
      return ms ?? z.NEVER;
    })
    .default(0),
  burst: z.int({ error: 'expected a whole number' }).nonnegative({ error: 'expected 1 or more' }).default(0),
}).superRefine(({ interval, burst }, context) => {
  if (interval > 0 && burst < 1) {
    context.addIssue({
      code: 'custom',
      path: ['burst'],
      message: 'burst 0 would refuse every request; expected 1 or more',
    });
  }
});

export const webConfigSchema = section({
  tls_server_config: tlsServer.nullish(),
  http_server_config: httpServer.nullish(),
  basic_auth_users: users.nullish(),
  rate_limit: rateLimit.nullish(),
});

export type WebConfigFileContent = z.output<typeof webConfigSchema>;
export type TlsSection = z.output<typeof tlsServer>;
