/** The real measuring thread, with a channel by which a test can make it die or hang. */
import { closeSync, openSync } from 'node:fs';
import { BroadcastChannel } from 'node:worker_threads';
import './hungry.mjs';

const channel = new BroadcastChannel('saboteur');
channel.onmessage = ({ data }) => {
  channel.postMessage('begun');
  if (data.act === 'exit') process.exit(data.code);
  if (data.act === 'throw') throw new Error(data.message);
  if (data.act === 'open') closeSync(openSync(data.pipe));
  if (data.act === 'block') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, data.ms);
};
channel.unref();

// Not a static import: the worker begins to work when it is imported.
await import(new URL('../../../dist/exporters/workflow/worker.js', import.meta.url).href);
