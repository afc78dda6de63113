/** The receiver of alerts as a process of its own, for deploy/compose.yaml: node dist/demo/stack/webhook-process.js */
import { describe } from './notification.js';
import { startWebhook } from './webhook.js';

/** Where the shipped routes send to, when nothing else is said. */
const PORT = 9095;

const receiver = await startWebhook(PORT, (received) => console.log(describe(received).join('\n')));
console.log(`Alerts sent to ${receiver.address} appear here.`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void receiver.stop());
