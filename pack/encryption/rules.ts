import type { Judged as JudgedBy, Rule } from '../domain.js';
import { check } from '../policy/rules/references.js';
import { forbiddenBy } from '../portal/paths.js';
import { durationText } from '../reading/durations.js';
import { namesIn } from '../reading/names.js';
import type { KeyPath } from '../reading/source-node.js';
import type { ParsedEncryption } from './schema/encryption.js';
import type { ParsedColumn } from './schema/scan.js';

type Judged = JudgedBy<ParsedEncryption>;

/** The encryption section refers only to things that are described, and each series has exactly one owner. */
export const encryptions: Rule<ParsedEncryption> = (judged) => {
  const { own, reporter, root } = judged;
  const owners = new Map<string, string>();
  for (const [name, encryption] of Object.entries(own)) {
    const path = ['encryption', name];
    check(judged, [...path, 'portal'], encryption.portal, 'portal', namesIn(root, 'portals'));
    check(judged, [...path, 'team'], encryption.team, 'team', namesIn(root, 'teams'));
    check(judged, [...path, 'objective'], encryption.objective, 'objective', namesIn(root, 'objectives'));
    const owner = owners.get(encryption.portal);
    if (owner === undefined) {
      owners.set(encryption.portal, name);
    } else {
      reporter.report([...path, 'portal'], `encryption of this portal is described as '${owner}' already`, {
        expected: 'one description for each portal, because its providers are told apart by their names alone',
      });
    }
    probe(judged, encryption, path);
    providers(judged, encryption, path);
    keys(judged, encryption, path);
    columns(judged, encryption, path);
  }
};

function probe({ reporter }: Judged, { probe, sla, providers }: ParsedEncryption, path: KeyPath): void {
  const longest = Math.max(sla, ...Object.values(providers).map((provider) => provider.sla ?? 0));
  if (probe.timeout <= longest) {
    reporter.report(
      [...path, 'probe', 'timeout'],
      `an operation is cut off after ${durationText(probe.timeout)}, before it can miss its SLA by time`,
      { expected: `more than the SLA of ${durationText(longest)}` },
    );
  }
  probe.sizes.forEach((size, index) => {
    if (probe.sizes.indexOf(size) !== index) {
      reporter.report([...path, 'probe', 'sizes', index], `a size of ${size} bytes is named twice`);
    }
  });
}

function providers({ reporter, shared }: Judged, { providers, portal }: ParsedEncryption, path: KeyPath): void {
  const target = shared.portals[portal];
  for (const [name, provider] of Object.entries(providers)) {
    if (provider.kind !== 'endpoint' || target === undefined) {
      continue;
    }
    if (provider.authenticated && target.auth.kind === 'none') {
      reporter.report([...path, 'providers', name, 'authenticated'], `portal '${portal}' describes no credentials`, {
        atKey: true,
        expected: 'auth: of that portal, or authenticated: false',
      });
    }
    for (const key of ['encryptPath', 'decryptPath'] as const) {
      const pattern = forbiddenBy(provider[key], target);
      if (pattern !== undefined) {
        reporter.report(
          [...path, 'providers', name, key],
          `portal '${portal}' forbids this path by neverProbe: ${pattern}`,
          {
            expected: 'another path',
          },
        );
      }
    }
  }
}

/** Providers that can list the versions of a key. KMS rotates the key material behind a key and lists no versions. */
const tellingKinds = ['transit'];

function keys(judged: Judged, { keys, providers, scan }: ParsedEncryption, path: KeyPath): void {
  for (const [name, key] of Object.entries(keys)) {
    const place = [...path, 'keys', name];
    if (key.table !== undefined && scan === undefined) {
      judged.reporter.report([...place, 'table'], 'there is no database to read it from', {
        atKey: true,
        expected: 'scan: with a database:, or provider:',
      });
    }
    if (key.provider === undefined) {
      continue;
    }
    check(judged, [...place, 'provider'], key.provider, 'provider', Object.keys(providers));
    const kind = providers[key.provider]?.kind;
    if (kind !== undefined && !tellingKinds.includes(kind)) {
      judged.reporter.report(
        [...place, 'provider'],
        `a provider of kind ${kind} does not tell versions and their age`,
        {
          expected: `a provider of kind ${tellingKinds.join(' or ')}, or table:`,
        },
      );
    }
  }
}

function columns(judged: Judged, { scan, keys }: ParsedEncryption, path: KeyPath): void {
  const seen = new Map<string, number>();
  scan?.columns.forEach((column, index) => {
    const place = [...path, 'scan', 'columns', index];
    const label = [column.table, column.column, ...(column.path ?? [])].join('.');
    const earlier = seen.get(label);
    if (earlier !== undefined) {
      judged.reporter.report(place, `${label} is scanned already as columns[${earlier}]`, {
        expected: 'each column once',
      });
    }
    seen.set(label, index);
    lengths(judged, column, place);
    if (column.key === undefined) {
      return;
    }
    check(judged, [...place, 'key'], column.key, 'key', Object.keys(keys));
    if (!tellsVersion(column)) {
      judged.reporter.report([...place, 'key'], 'a ciphertext of this format does not say its key version', {
        expected:
          typeof column.format === 'string' ? 'no key:, or another format' : 'a group (?<version>…) in the expression',
      });
    }
  });
}

const formatsWithoutLength = ['kingston-jsonb', 'transit', 'fernet', 'ciphersweet'];
const formatsOfBytes = ['aws-esdk', 'pgp'];

function lengths({ reporter }: Judged, { format, plaintextBytes, encoding }: ParsedColumn, place: KeyPath): void {
  const kind = typeof format === 'string' ? format : 'regex';
  if (plaintextBytes !== undefined && !formatsWithoutLength.includes(kind)) {
    reporter.report([...place, 'plaintextBytes'], `the length of a plaintext is not looked at in format ${kind}`, {
      expected: `no plaintextBytes:, or one of ${formatsWithoutLength.join(', ')}`,
    });
  } else if (plaintextBytes !== undefined && plaintextBytes.min > plaintextBytes.max) {
    reporter.report([...place, 'plaintextBytes'], 'no plaintext has at least min and at most max bytes', {
      expected: 'min not above max',
    });
  }
  if (encoding !== undefined && !formatsOfBytes.includes(kind)) {
    reporter.report([...place, 'encoding'], `format ${kind} is text already`, {
      expected: `no encoding:, or one of ${formatsOfBytes.join(', ')}`,
    });
  }
}

function tellsVersion({ format }: ParsedColumn): boolean {
  return typeof format === 'string'
    ? format === 'kingston-jsonb' || format === 'transit'
    : format.regex.includes('(?<version>');
}
