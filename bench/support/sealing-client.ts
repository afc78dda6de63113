/**
 * Sends the given number of encrypt and decrypt requests to a sealing target, without other work and in a separate
 * process, and prints the duration of each in milliseconds, as JSON: the times of an undisturbed client.
 *
 * Usage: node dist/bench/support/sealing-client.js URL COUNT
 */
import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';

const SIZE = 256;
const [url = '', count = ''] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true });

function ask(path: string, body: object): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}${path}`, { method: 'POST', agent, headers: { 'content-type': 'application/json' } });
    asked.once('response', (response) => text(response).then(resolve, reject));
    asked.once('error', reject);
    asked.end(JSON.stringify(body));
  });
}

const took: number[] = [];
for (let one = 0; one < Number(count); one += 1) {
  const secret = randomBytes(SIZE).toString('base64');
  for (const [path, body] of [
    ['/encrypt', { plaintext: secret }],
    ['/decrypt', { ciphertext: secret }],
  ] as const) {
    const startedAt = performance.now();
    await ask(path, body);
    took.push(performance.now() - startedAt);
  }
}
agent.destroy();
console.log(JSON.stringify(took));
