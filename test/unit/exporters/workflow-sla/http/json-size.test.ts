import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** In a process of its own: a heap of 96 MB cannot be had in this one. */
function parsed(text: string): string {
  const program = `
    import { parseBoundedJson } from './dist/exporters/runtime/portal/json-size.js';
    const unit = ${JSON.stringify(text)};
    try {
      parseBoundedJson('[' + unit.repeat(Math.floor(5e6 / unit.length)) + '1]');
      console.log('parsed');
    } catch (error) {
      console.log(error.reason + ': ' + error.message);
    }`;
  return execFileSync(process.execPath, ['--max-old-space-size=96', '--input-type=module', '--eval', program], {
    encoding: 'utf8',
  }).trim();
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
