/**
 * A portal whose real hold times are known, as a process of its own: `/hold/MS` answers after about MS milliseconds
 * and notes how long it really held the request; `/holds` gives the notes since the last ask.
 *
 * Usage: node dist/bench/support/target.js PORT
 */
import { createServer } from 'node:http';
import { performance } from 'node:perf_hooks';

let holds: number[] = [];
const body = JSON.stringify({ status: 'healthy', items: [1, 2, 3] });

createServer((request, response) => {
  const arrived = performance.now();
  if (request.url === '/holds') {
    response.end(JSON.stringify(holds));
    holds = [];
    return;
  }
  const hold = Number(/^\/hold\/(\d+)/.exec(request.url ?? '')?.[1] ?? 0);
  const answer = () => {
    holds.push(performance.now() - arrived);
    response.setHeader('content-type', 'application/json');
    response.end(body);
  };
  if (hold === 0) answer();
  else setTimeout(answer, hold);
}).listen(Number(process.argv[2]), '127.0.0.1');
