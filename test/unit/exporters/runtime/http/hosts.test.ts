import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { takesGzip } from '../../../../../exporters/runtime/http/compress.js';
import { foreignOrigin } from '../../../../../exporters/runtime/http/hosts.js';

describe('who may ask for a reload', () => {
  test.each<[string, Parameters<typeof foreignOrigin>[0], boolean]>([
    ['a tool', { host: 'exporter:9464' }, true],
    [
      'our own page',
      { host: '127.0.0.1:9464', origin: 'http://127.0.0.1:9464', 'sec-fetch-site': 'same-origin' },
      true,
    ],
    ['our own page, IPv6', { host: '[::1]:9464', origin: 'http://[::1]:9464' }, true],
    ['our own page behind a proxy with TLS', { host: hostname(), origin: `https://${hostname().toLowerCase()}` }, true],
    ['an address that was typed', { host: '127.0.0.1:9464', 'sec-fetch-site': 'none' }, true],
    ['a page without an origin', { host: '127.0.0.1:9464', origin: 'null' }, false],
    ['a foreign page', { host: '127.0.0.1:9464', origin: 'https://evil.example' }, false],
    ['another port of this host', { host: '127.0.0.1:9464', origin: 'http://127.0.0.1:8080' }, false],
    ['a foreign page, as Chromium says it', { host: '127.0.0.1:9464', 'sec-fetch-site': 'cross-site' }, false],
    ['a neighbour', { host: 'a.example.com', 'sec-fetch-site': 'same-site' }, false],
    [
      'a page that gave its own name our address',
      { host: 'evil.example:9464', origin: 'http://evil.example:9464' },
      false,
    ],
    ['garbage', { host: '127.0.0.1', origin: 'x' }, false],
  ])('%s', (_, headers, may) => {
    expect(foreignOrigin(headers) === undefined).toBe(may);
  });
});

test.each([
  [undefined, false],
  ['', false],
  ['gzip', true],
  ['deflate, GZIP;q=0.5', true],
  ['gzip;q=0', false],
  ['gzip; q=0.000, *', false],
  ['*', true],
  ['*;q=0', false],
  ['identity', false],
])('Accept-Encoding %j takes gzip: %j', (header, takes) => {
  expect(takesGzip(header)).toBe(takes);
});
