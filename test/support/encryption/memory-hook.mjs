/**
 * Loaded before the program, and in each of its threads: notes every secret key that is made, and writes a heap
 * snapshot of the thread when somebody asks for it. Keeps nothing of a key in memory itself.
 */
import crypto from 'node:crypto';
import { appendFileSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import v8 from 'node:v8';
import vm from 'node:vm';
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads';

const folder = process.env.KOP_TEST_MEMORY;
v8.setFlagsFromString('--expose-gc');
const collect = vm.runInNewContext('gc');

const { createSecretKey } = crypto;
crypto.createSecretKey = (bytes, ...rest) => {
  if (ArrayBuffer.isView(bytes)) {
    appendFileSync(
      join(folder, 'keys'),
      `${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}\n`,
    );
  }
  return createSecretKey(bytes, ...rest);
};
syncBuiltinESMExports();

const channel = new BroadcastChannel('memory-hook');
channel.onmessage = look;
channel.unref();
if (isMainThread) {
  process.on('SIGUSR2', () => {
    channel.postMessage('look');
    look();
  });
}

function look() {
  // Twice: what finalizers let go of is collected by the next one.
  collect();
  setTimeout(() => {
    collect();
    v8.writeHeapSnapshot(join(folder, `${process.pid}-${threadId}.heapsnapshot`));
    writeFileSync(join(folder, `${process.pid}-${threadId}.done`), '');
  }, 100);
}
