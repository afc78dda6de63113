import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** In a process of its own: a heap of 96 MB cannot be had in this one. Node 24 adds 192 MB for young objects, if let. */
function inSmallHeap(text: string, use: string): string {
  const program = `
    import { parseBoundedJson } from './dist/exporters/runtime/portal/json-size.js';
    import { readingOf } from './dist/exporters/workflow/http/reading.js';
    const unit = ${JSON.stringify(text)};
    const text = '[' + unit.repeat(Math.floor(5e6 / unit.length)) + '1]';
    try {
      ${use}
    } catch (error) {
      console.log(error.reason + ': ' + error.message);
    }`;
  return execFileSync(
    process.execPath,
    ['--max-old-space-size=96', '--max-semi-space-size=16', '--input-type=module', '--eval', program],
    {
      encoding: 'utf8',
    },
  ).trim();
}

function parsed(text: string): string {
  return inSmallHeap(text, `parseBoundedJson(text); console.log('parsed');`);
}

/** As an extraction does: parsed once for the path, and once more for the digits of a long number. */
function digitsOf(text: string): string {
  return inSmallHeap(
    text,
    `const read = readingOf({ status: 200, headers: {}, body: Buffer.from(text) }, () => undefined);
    console.log(read.json().length > 0 && (read.digits([0]) ?? read.digits([0, 30])));`,
  );
}

test('5 MB of small lists in a heap of 96 MB are an answer that is too large, and not the end of the thread', () => {
  expect(parsed('[],')).toMatch(/^size: the answer holds about 3333,000 values, more than fit into the memory/);
  expect(parsed('{"a":{}},')).toMatch(/^size: /);
});

test('5 MB of an ordinary answer are parsed in the same heap', () => {
  expect(
    parsed('{"id":"6f1c2f","name":"Somebody Something","amount":"1234.56","notes":"and some longer text here"},'),
  ).toBe('parsed');
});

test.each([
  ['of long numbers', '9007199254740993,'],
  ['of small numbers and a long one', `9007199254740993,${'1,'.repeat(500)}`],
  ['that fit once and not twice', `[${'[],'.repeat(30)}9007199254740993],${' '.repeat(20)}`],
])('5 MB %s: the digits are found, or the answer is too large, and the thread lives', (_, text) => {
  expect(digitsOf(text)).toMatch(/^(9007199254740993|size: .* more than fit into the memory.*)$/);
});
