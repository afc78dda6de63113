/**
 * A measuring thread for one provider. Neither rendering a page nor another provider delays it; a library that blocks
 * until its token answers delays no other provider.
 */
import { batched } from '../runtime/measuring/batch.js';
import { ownPort } from '../runtime/measuring/own-port.js';
import { PULSE_MS, type ThreadReport } from '../runtime/measuring/thread.js';
import { decodeWithSecrets } from '../runtime/measuring/transfer.js';
import { Redactor } from '../runtime/redactor.js';
import { ProbeEngine } from './probe/engine.js';
import type { ProbeJob } from './probe/plan.js';
import type { ProbeCommand, ProbeReport } from './probe/protocol.js';

const port = ownPort('worker.js');

const report = batched<ProbeReport | ThreadReport>((text) => port.postMessage(text));
const redactor = new Redactor();
const pulse = setInterval(() => report({ type: 'pulse' }), PULSE_MS);
let engine: ProbeEngine | undefined;
let isStarted = false;

port.onMessage((text) => {
  const commands: ProbeCommand[] = JSON.parse(text);
  for (const command of commands) void obey(command);
});

async function obey(command: ProbeCommand): Promise<void> {
  switch (command.type) {
    case 'configure': {
      const before = engine;
      engine = new ProbeEngine(decodeWithSecrets<ProbeJob>(command.job), redactor, (result) =>
        report({ type: 'round', result }),
      );
      report({ type: 'configured' });
      await before?.stop();
      if (isStarted) engine.start();
      return;
    }
    case 'start':
      isStarted = true;
      engine?.start();
      return;
    case 'stop':
      await engine?.stop();
      clearInterval(pulse);
      report({ type: 'stopped' });
      return;
  }
}
