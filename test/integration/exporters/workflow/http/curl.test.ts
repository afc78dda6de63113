import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { expectation, job, step } from '../../../../support/workflow/domain.js';
import { runOnce, verdictOf } from '../../../../support/workflow/engine.js';
import { rawServer } from '../../../../support/workflow/server.js';

const run = promisify(execFile);
const hasCurl = spawnSync('curl', ['--version']).status === 0;
const zipped = gzipSync('{"status":"healthy"}');

function answer(headers: string, body: string | Buffer, status = '200 OK'): Buffer {
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status}\r\n${headers}\r\n`, 'latin1'), Buffer.from(body)]);
}

/** By the words of the table in docs/http.md. */
const stricter: [what: string, answer: Buffer, reason: string][] = [
  ['more bytes than the length', answer('content-length: 2\r\n', '{}more'), 'protocol'],
  ['a body behind 204', answer('content-length: 2\r\n', '{}', '204 No Content'), 'protocol'],
  [
    'a length and chunks',
    answer('transfer-encoding: chunked\r\ncontent-length: 2\r\n', '2\r\n{}\r\n0\r\n\r\n'),
    'protocol',
  ],
  ['two lengths that differ', answer('content-length: 2\r\ncontent-length: 4\r\n', '{}  '), 'protocol'],
  ['the same length twice', answer('content-length: 2\r\ncontent-length: 2\r\n', '{}'), 'protocol'],
  [
    'a compressed stream that was cut, with a right length',
    answer('content-encoding: gzip\r\ncontent-length: 15\r\n', zipped.subarray(0, 15)),
    'protocol',
  ],
  [
    'transfer coding gzip',
    answer(
      'transfer-encoding: gzip, chunked\r\n',
      Buffer.concat([Buffer.from(`${zipped.length.toString(16)}\r\n`), zipped, Buffer.from('\r\n0\r\n\r\n')]),
    ),
    'protocol',
  ],
  ['lines that end with LF alone', Buffer.from('HTTP/1.1 200 OK\ncontent-length: 2\n\n{}'), 'protocol'],
  ['a header continued on the next line', answer('x: a\r\n b\r\ncontent-length: 2\r\n', '{}'), 'protocol'],
  ['a space before the colon of a header', answer('content-length : 2\r\n', '{}'), 'protocol'],
  ['a control character in a header', answer('x: \x01\r\ncontent-length: 2\r\n', '{}'), 'protocol'],
  ['chunk lines that end with LF alone', answer('transfer-encoding: chunked\r\n', '2\n{}\n0\n\n'), 'protocol'],
  ['a space behind a chunk size', answer('transfer-encoding: chunked\r\n', '2 \r\n{}\r\n0\r\n\r\n'), 'protocol'],
  ['20 KB of headers', answer(`x: ${'a'.repeat(20_000)}\r\ncontent-length: 2\r\n`, '{}'), 'size'],
];

/** What both take, or neither. */
const alike: [what: string, answer: Buffer, verdict: string | RegExp][] = [
  ['a byte-order mark', answer('content-length: 5\r\n', '\ufeff{}'), 'ok'],
  ['an end without a length', answer('', '{}'), 'ok'],
  ['no reason phrase', answer('content-length: 2\r\n', '{}', '200'), 'ok'],
  ['extensions of a chunk', answer('transfer-encoding: chunked\r\n', '2;a=b\r\n{}\r\n0\r\n\r\n'), 'ok'],
  ['less than the length', answer('content-length: 5\r\n', '{}'), /^protocol/],
  ['chunks without their end', answer('transfer-encoding: chunked\r\n', '2\r\n{}\r\n'), /^protocol/],
  ['an unknown content encoding', answer('content-encoding: zzz\r\ncontent-length: 2\r\n', '{}'), /^protocol/],
  ['a length below nothing', answer('content-length: -2\r\n', '{}'), /^protocol/],
  ['no headers at all', Buffer.from('{}'), /^protocol/],
];

async function judge(bytes: Buffer): Promise<{ ours: string; curl: number | undefined }> {
  const server = await rawServer((socket, first) => void first.then(() => socket.end(bytes)));
  const steps = [step({ expect: expectation({ status: [{ min: 200, max: 299 }] }) })];
  const ours = verdictOf(await runOnce(job(server.url, { workflow: { steps } })));
  if (!hasCurl) return { ours, curl: undefined };
  const asked = run('curl', ['-sS', '--compressed', '--noproxy', '*', '-m', '5', `http://127.0.0.1:${server.port}/`]);
  const curl = await asked.then(
    () => 0,
    ({ code }: { code: number }) => code,
  );
  return { ours, curl };
}

test.each(stricter)('stricter than curl: %s', async (what, bytes, reason) => {
  const { ours, curl } = await judge(bytes);
  expect(ours).toMatch(new RegExp(`^${reason}: `));
  if (curl !== undefined) expect(curl).toBe(0);
  expect(readFileSync('docs/http.md', 'utf8')).toMatch(new RegExp(`^\\| ${what} \\| [^|]+ \\| \`${reason}\` \\|`, 'm'));
});

test.each(alike)('as curl: %s', async (_, bytes, verdict) => {
  const { ours, curl } = await judge(bytes);
  expect(ours).toEqual(typeof verdict === 'string' ? verdict : expect.stringMatching(verdict));
  if (curl !== undefined) expect(curl === 0).toBe(verdict === 'ok');
});

test('the table has no row that is not tried', () => {
  const table = readFileSync('docs/http.md', 'utf8').split('## Stricter than curl')[1] ?? '';
  const rows = [...table.matchAll(/^\| (?!answer|---)([^|]+) \|/gm)].map(([, what]) => what?.trim());
  expect(rows.toSorted()).toEqual(stricter.map(([what]) => what).toSorted());
});
