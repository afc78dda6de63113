/**
 * An encryption service whose real durations are known, as a process of its own: POST /encrypt and POST /decrypt hold
 * each request for a random time, most of a few milliseconds and one in fifty of thirty, and note how long it really
 * was; GET /holds gives the notes since the last ask. It encrypts nothing: only its durations matter.
 *
 * Usage: node dist/bench/support/sealing-target.js PORT
 */
import { createServer } from 'node:http';
import { performance } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';

let holds: number[] = [];
const SLOW_SHARE = 0.02;

createServer((request, response) => {
  const arrived = performance.now();
  if (request.method === 'GET') {
    response.end(JSON.stringify(holds));
    holds = [];
    return;
  }
  text(request).then((body) => {
    const { plaintext, ciphertext }: { plaintext?: string; ciphertext?: string } = JSON.parse(body);
    const holdMs = Math.random() < SLOW_SHARE ? 30 : 2 + Math.random() * 4;
    setTimeout(() => {
      const answer = plaintext === undefined ? { plaintext: ciphertext } : { ciphertext: plaintext };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answer));
      holds.push(performance.now() - arrived);
    }, holdMs);
  }, response.destroy);
}).listen(Number(process.argv[2]), '127.0.0.1');
