/** The measuring thread: an engine behind a message port. Rendering a page never delays what happens here. */
import { parentPort, workerData } from 'node:worker_threads';
import { AtWork } from '../runtime/measuring/at-work.js';
import { batched } from '../runtime/measuring/batch.js';
import { PULSE_MS, type ThreadReport } from '../runtime/measuring/thread.js';
import { Redactor } from '../runtime/redactor.js';
import { Engine } from './engine.js';
import { decodeJobs } from './plan.js';
import type { EngineCommand, EngineReport } from './protocol.js';

const port = parentPort;
if (port === null) throw new Error('worker.js is started by the workflow-sla exporter, not by hand');

// Loaded: from now on, missing messages mean that the thread hangs.
port.postMessage(JSON.stringify([{ type: 'pulse' }]));

const report = batched<EngineReport | ThreadReport>(
  (text) => port.postMessage(text),
  ({ type }) => type === 'run' || type === 'dropped' || type === 'state',
);
const engine = new Engine(new Redactor(), report, new AtWork(workerData.atWork));
// Each message is also its sign of life.
const pulse = setInterval(() => report(engine.state()), PULSE_MS);

port.on('message', (text: string) => {
  const commands: EngineCommand[] = JSON.parse(text);
  for (const command of commands) void obey(command);
});

async function obey(command: EngineCommand): Promise<void> {
  switch (command.type) {
    case 'configure':
      engine.configure(decodeJobs(command.jobs));
      report({ type: 'configured' });
      report(engine.state());
      return;
    case 'start':
      engine.start();
      return;
    case 'probe': {
      const answer = await engine.probe(command.workflow, command.portal, 'probe', command.timeoutMs);
      report({ type: 'probed', id: command.id, answer });
      return;
    }
    case 'stop':
      await engine.stop(command.graceMs);
      clearInterval(pulse);
      report({ type: 'stopped' });
      return;
  }
}
