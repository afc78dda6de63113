import { describe, expect, test } from 'vitest';
import { Redactor } from '../../../../exporters/runtime/redactor.js';

function hiding(...secrets: readonly string[]): Redactor {
  const redactor = new Redactor();
  for (const secret of secrets) redactor.add(secret);
  return redactor;
}

describe('a secret', () => {
  test('that another one begins with does not leave its end', () => {
    expect(hiding('abcd', 'abcdef').redact('x abcdef abcd y')).toBe('x <secret> <secret> y');
  });

  test('is hidden at the edges of a text, and where it follows itself', () => {
    expect(hiding('hunter2').redact('hunter2hunter2-hunter2')).toBe('<secret><secret>-<secret>');
  });

  test('inside a pair of name and password is hidden in its Base64', () => {
    const sent = Buffer.from('canary:hunter2-and-more').toString('base64');
    expect(hiding('hunter2-and-more').redact(`Basic ${sent}`)).not.toContain(sent.slice(12, -4));
  });

  test('of long ago is looked for no more when there are very many', () => {
    const redactor = hiding('the-first-one');
    for (let one = 0; one < 500; one += 1) redactor.add(`another-${one}`);
    expect(redactor.redact('the-first-one another-0 another-499')).toBe('the-first-one <secret> <secret>');
  });
});

test('finds what a search for the secrets themselves finds, and nothing else', () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * below);
  };
  // Two letters only, so that secrets overlap each other and nearly occur everywhere.
  const text = (length: number) => Array.from({ length }, () => 'ab'[random(2)]).join('');
  for (let times = 0; times < 200; times += 1) {
    const secrets = Array.from({ length: 1 + random(4) }, () => text(4 + random(6)));
    const longestFirst = secrets.toSorted((a, b) => b.length - a.length);
    const line = text(200);
    expect(hiding(...secrets).redact(line)).toBe(line.replace(new RegExp(longestFirst.join('|'), 'g'), '<secret>'));
  }
});
