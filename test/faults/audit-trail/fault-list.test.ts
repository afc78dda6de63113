import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { placesOf, titles } from './fault-list.js';

const numbers = Array.from({ length: 50 }, (_, index) => index + 1);

test('the list has fifty faults', () => {
  expect(Object.keys(titles).map(Number)).toEqual(numbers);
});

test.each(numbers.map((fault) => ({ fault, title: titles[fault] })))('$fault $title is injected', async ({ fault }) => {
  const places = placesOf(fault);
  // Once at least while ten people work and the observer looks.
  expect(places.map(({ file }) => file)).toContainEqual(expect.stringMatching(/^faults\/audit-trail\/[^/]+$/));
  for (const { file, test: name } of places) {
    const source = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8');
    expect(source, `${file} has no test "${name}"`).toContain(name);
  }
});
