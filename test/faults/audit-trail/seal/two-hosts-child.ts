import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSealer } from '../../../../exporters/audit-trail/seal/index.js';
import { silentLogger } from '../../../../exporters/runtime/log.js';
import { SecretText } from '../../../../pack/secrets/secret.js';
import { ORIGIN, trailAt } from './setting.js';

// A sealer on the host of that name. It says its state whenever that changes.
const [host = '', url = '', directory = '', pem = ''] = process.argv.slice(2);
os.hostname = () => host;
syncBuiltinESMExports();

const seal = {
  origin: ORIGIN,
  key: SecretText.literal(pem),
  directory,
  intervalMs: 200,
  maxRowsPerChunk: 50,
  verifyWithinMs: 3_600_000,
  anchors: [],
};
const access = { url: SecretText.literal(url), statementTimeoutMs: 10_000, maxConnections: 3 };
const sealer = createSealer(trailAt(access, seal), { log: silentLogger });
if (sealer === undefined) throw new Error('no seal');
sealer.start();
for (let said = ''; ; ) {
  const { state, waitingSince, reasons, checkpoint } = sealer.status();
  const now = JSON.stringify({ state, isWaiting: waitingSince !== undefined, reasons, size: checkpoint?.size });
  if (now !== said) process.stdout.write(`${now}\n`);
  said = now;
  await sleep(50);
}
