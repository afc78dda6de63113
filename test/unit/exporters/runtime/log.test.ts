import { describe, expect, it } from 'vitest';
import {
  createLogger,
  describeError,
  type LogFormat,
  type LogLevel,
  Redactor,
} from '../../../../exporters/runtime/log.js';
import { hideSecrets } from '../../../../exporters/runtime/secrets.js';
import { loadPack } from '../../../../pack/index.js';
import { SecretText } from '../../../../pack/secrets/secret.js';

function logged(format: LogFormat, level: LogLevel = 'debug') {
  const lines: string[] = [];
  const redactor = new Redactor();
  const now = () => new Date('2026-08-01T12:00:00Z');
  return { lines, redactor, log: createLogger({ level, format, redactor, now, write: (line) => lines.push(line) }) };
}

describe('the log', () => {
  it('writes logfmt', () => {
    const { log, lines } = logged('logfmt');
    log
      .child({ exporter: 'x y' })
      .warn('it said "no"', { count: 3, ok: false, nothing: null, skipped: undefined, line: 'a\nb' });
    expect(lines).toEqual([
      'time=2026-08-01T12:00:00.000Z level=warn msg="it said \\"no\\"" exporter="x y" count=3 ok=false nothing=null line="a\\nb"\n',
    ]);
  });

  it('writes JSON, one object a line', () => {
    const { log, lines } = logged('json');
    log.info('started', { at: new Date(0), ratio: Number.NaN, msg: 'mine', 'odd key': 1n });
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      time: '2026-08-01T12:00:00.000Z',
      level: 'info',
      msg: 'started',
      at: '1970-01-01T00:00:00.000Z',
      ratio: 'NaN',
      msg_: 'mine',
      odd_key: '1',
    });
  });

  it.each([
    ['debug', 4],
    ['info', 3],
    ['warn', 2],
    ['error', 1],
  ] as const)('at level %s writes %d of four lines', (level, count) => {
    const { log, lines } = logged('logfmt', level);
    log.debug('d');
    log.info('i');
    log.warn('w');
    log.error('e');
    expect(lines).toHaveLength(count);
  });

  it('tells an error with its causes', () => {
    const error = new Error('cannot probe', { cause: new AggregateError([new Error('ECONNREFUSED ::1'), 'odd']) });
    expect(describeError(error)).toBe('cannot probe: AggregateError: ECONNREFUSED ::1; odd');
    expect(describeError(new TypeError())).toBe('TypeError');
    expect(describeError({ a: 1 })).toBe('{ a: 1 }');
  });

  it.each(['logfmt', 'json'] as const)('tells no secret as %s', (format) => {
    const { log, lines, redactor } = logged(format);
    const secret = 'p"a\\ss w0rd\nü';
    redactor.add(secret);
    log.error(`login with ${secret} failed`, {
      error: new Error(`bad ${secret}`, { cause: new Error(secret) }),
      json: JSON.stringify({ secret }),
      url: `http://x/?p=${encodeURIComponent(secret)}`,
      nested: { deep: { secret } },
      text: new SecretText([{ kind: 'env', name: 'PATH' }]),
      header: `Basic ${Buffer.from(`admin:${secret}`).toString('base64')}`,
    });
    const text = lines.join('');
    expect(text).not.toContain('w0rd');
    expect(text).not.toContain(process.env.PATH);
    expect(text).not.toContain(Buffer.from(`admin:${secret}`).toString('base64'));
    expect(text.match(/<secret>/g)?.length).toBeGreaterThanOrEqual(6);
  });
});

describe('the redactor', () => {
  const secret = `S/e+c ret&'"<ü>=12`;
  it.each([
    ['itself', secret],
    ['in a URL', encodeURIComponent(secret)],
    ['in a URL, in lower case', encodeURIComponent(secret).replace(/%../g, (c) => c.toLowerCase())],
    ['in a form', new URLSearchParams({ s: secret }).toString().slice(2)],
    ['in JSON', JSON.stringify(secret).slice(1, -1)],
    ['in JSON in JSON', JSON.stringify(JSON.stringify(secret)).slice(3, -3)],
    ['in HTML', secret.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)],
    ['in Base64', Buffer.from(secret).toString('base64')],
    ['in Base64 for URLs', Buffer.from(secret).toString('base64url')],
  ])('hides a secret %s', (_form, text) => {
    const redactor = new Redactor();
    redactor.add(secret);
    expect(redactor.redact(`before ${text} after`)).toMatch(/^before <secret>=* after$/);
  });

  it.each(['', 'a', 'ab', 'abc'])('hides it in Base64 behind %j', (prefix) => {
    const redactor = new Redactor();
    redactor.add('correct horse battery');
    const encoded = Buffer.from(`${prefix}correct horse battery:x`).toString('base64');
    expect(redactor.redact(encoded)).toContain('<secret>');
  });

  it('prefers the longer of two that begin alike', () => {
    const redactor = new Redactor();
    redactor.add('abcd');
    redactor.add('abcdefgh');
    expect(redactor.redact('abcdefgh abcd')).toBe('<secret> <secret>');
  });

  it('leaves what is short, and text without secrets, alone', () => {
    const redactor = new Redactor();
    expect(redactor.redact('abc (x|y) $1')).toBe('abc (x|y) $1');
    redactor.add('abc');
    redactor.add('');
    expect(redactor.redact('abc')).toBe('abc');
  });

  it('takes every character as it is', () => {
    const redactor = new Redactor();
    for (const odd of ['.*+?^$()|[]{}\\/-', '$&$1', '\ud800lone']) {
      redactor.add(odd);
      expect(redactor.redact(`<${odd}>`)).toBe('<<secret>>');
    }
  });

  it('learns the secrets of a pack, without the words around them', () => {
    process.env.KOP_TEST_TOKEN = 'tok-123456';
    const pack = {
      ...loadPack([], { requireSecrets: false }),
      extra: {
        a: [
          new SecretText([
            { kind: 'text', text: 'Bearer ' },
            { kind: 'env', name: 'KOP_TEST_TOKEN' },
          ]),
        ],
      },
    };
    const redactor = new Redactor();
    hideSecrets(pack, redactor);
    expect(redactor.redact('Bearer tok-123456')).toBe('Bearer <secret>');
    delete process.env.KOP_TEST_TOKEN;
  });
});
