/**
 * Field encryption compared with its limits: the cipher with `openssl speed`, a token with a bare PKCS#11 loop,
 * pgcrypto with a bare SELECT, the scanner with a sequential scan, and the cost of measuring itself. A million rows of
 * each format take longer: they are in clean.js.
 *
 * Usage: node dist/bench/encryption/index.js [cipher token database scanner overhead disturbance]
 */
import { loadavg } from 'node:os';
import { type Figure, report } from '../support/report.js';
import { cipher } from './cipher.js';
import { database } from './database.js';
import { disturbance } from './disturbance.js';
import { overhead } from './overhead.js';
import { scanner } from './scanner.js';
import { token } from './token.js';

const parts: Readonly<Record<string, readonly [title: string, run: () => Promise<readonly Figure[]>]>> = {
  cipher: ['AES-256-GCM in this process, beside the limit', cipher],
  token: ['SoftHSM, beside a bare loop over the same library', token],
  database: ['pgcrypto, beside a bare round trip', database],
  scanner: ['The scanner, beside reading the same column', scanner],
  overhead: ['What measuring adds to one operation', overhead],
  disturbance: ['Main thread blocked, and 100,000 series rendered, while a thread measures', disturbance],
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in parts));
if (unknown.length > 0) {
  console.error(`${unknown.join(', ')}: no such part; there are ${Object.keys(parts).join(', ')}`);
  process.exit(2);
}
const all: Figure[] = [];
const missing: string[] = [];
for (const [name, [title, run]] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const before = loadavg()[0] ?? Number.NaN;
  try {
    const figures = await run();
    if (figures.length === 0) missing.push(name);
    report(`${title} (load ${before.toFixed(1)})`, figures);
    all.push(...figures);
  } catch (error) {
    // The others say something all the same.
    console.error(`\n${title}: could not be run`, error);
    missing.push(name);
  }
}
const held = all.filter(({ holds }) => holds).length;
console.log(`\n${held} of ${all.length} limits hold${missing.length === 0 ? '' : `; without ${missing.join(', ')}`}`);
if (missing.length > 0) process.exitCode = 1;
