import type { FileHandle } from 'node:fs/promises';
import { openAuditStore } from '../../../../exporters/audit-trail/seal/audit-log.js';
import { sealPass } from '../../../../exporters/audit-trail/seal/seal-pass.js';
import { SealSession } from '../../../../exporters/audit-trail/seal/session.js';
import { Disk, type DiskStep } from '../../../../exporters/runtime/sealing/log/disk.js';
import { disposeEntries } from '../../../../exporters/runtime/sealing/log/disposal.js';
import { signersFromPem } from '../../../../exporters/runtime/sealing/signing/keys.js';
import { SecretText } from '../../../../pack/secrets/secret.js';
import { ORIGIN, records } from './setting.js';

/**
 * A sealer that ends itself by SIGKILL at the given step of its work on the disk: before it, or in the middle of a
 * write. What it acknowledged goes to standard output first.
 */
class DeadlyDisk extends Disk {
  readonly names: DiskStep[] = [];
  readonly #killAt: number;
  readonly #isTorn: boolean;

  constructor(killAt: number, isTorn: boolean) {
    super();
    this.#killAt = killAt;
    this.#isTorn = isTorn;
  }

  protected override async step(name: DiskStep): Promise<void> {
    this.names.push(name);
    if (this.names.length === this.#killAt && !this.#isTorn) process.kill(process.pid, 'SIGKILL');
  }

  protected override async write(handle: FileHandle, data: Buffer | string): Promise<void> {
    if (this.#isTorn && this.names.length === this.#killAt) {
      const bytes = Buffer.from(data);
      await handle.writeFile(bytes.subarray(0, Math.ceil(bytes.length / 2)));
      process.kill(process.pid, 'SIGKILL');
    }
    await super.write(handle, data);
  }
}

const [url = '', directory = '', pem = '', killAt = '0', how = ''] = process.argv.slice(2);
const signal = new AbortController().signal;
const signers = signersFromPem(ORIGIN, pem);
const disk = new DeadlyDisk(Number(killAt), how === 'torn');
const store = await openAuditStore({ directory, origin: ORIGIN, keys: signers.map(({ verifier }) => verifier), disk });
const session = await SealSession.open(
  { url: SecretText.literal(url), statementTimeoutMs: 10_000, maxConnections: 1 },
  signal,
);
const append = store.append.bind(store);
store.append = async (...args) => {
  const entry = await append(...args);
  process.stdout.write(`${entry.statement.seq} ${entry.hash}\n`);
  return entry;
};
await sealPass({
  store,
  session,
  records,
  signers,
  maxRowsPerChunk: 10,
  maxPassMs: 10_000,
  now: () => new Date(),
  signal,
});
await disposeEntries(store, { first: 0, last: 0, reason: 'retention', by: 'records manager' }, signers, new Date());
process.stdout.write(`${disk.names.join(' ')}\n`);
await session.close();
await store.close();
