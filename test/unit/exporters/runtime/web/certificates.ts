import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'selfsigned';

interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  readonly ca: string;
  readonly client: Pair;
  readonly stranger: Pair;
}

const names = [
  { type: 2, value: 'localhost' },
  { type: 7, ip: '127.0.0.1' },
] as const;

async function make(
  commonName: string,
  ca?: Pair,
  altNames: readonly (typeof names)[number][] | [{ type: 2; value: string }] = names,
) {
  const made = await generate([{ name: 'commonName', value: commonName }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: ca === undefined, critical: true },
      { name: 'subjectAltName', altNames: [...altNames] },
    ],
    ...(ca === undefined ? {} : { ca }),
  });
  return { cert: made.cert, key: made.private };
}

/** Writes `server.crt`, `server.key` and `ca.crt`; one client is known to the authority, the other is not. */
export async function writeCertificates(folder: string): Promise<Certificates> {
  const ca = await make('test authority');
  const server = await make('localhost', ca);
  writeFileSync(join(folder, 'ca.crt'), ca.cert);
  writeFileSync(join(folder, 'server.crt'), server.cert);
  writeFileSync(join(folder, 'server.key'), server.key);
  return {
    ca: ca.cert,
    client: await make('prometheus', ca, [{ type: 2, value: 'prometheus.example' }]),
    stranger: await make('stranger', undefined, [{ type: 2, value: 'prometheus.example' }]),
  };
}
