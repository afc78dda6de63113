/** The real measuring thread, with a channel by which a test can make the one of a provider die or hang. */
import { BroadcastChannel, workerData } from 'node:worker_threads';

const channel = new BroadcastChannel('encryption-saboteur');
channel.onmessage = ({ data }) => {
  if (!workerData.name.startsWith(`${data.provider}@`)) return;
  channel.postMessage('begun');
  if (data.act === 'exit') process.exit(3);
  if (data.act === 'throw') throw new Error('kaputt');
  if (data.act === 'block') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
};
channel.unref();

// Not a static import: the worker begins to work when it is imported.
await import(new URL('../../../dist/exporters/encryption/worker.js', import.meta.url).href);
