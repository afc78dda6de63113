import { describe, expect, test } from 'vitest';
import { decodedText, jsonTextOf } from '../../../../../exporters/workflow/http/charset.js';
import { Digits } from '../../../../../exporters/workflow/http/digits.js';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

describe('the charset of an answer', () => {
  // Bytes in hex: python3 -c "import sys; print(sys.argv[2].encode(sys.argv[1]).hex())" CODEC TEXT, with Python 3.11.7
  // and the codec that the comment names.
  const hex = (bytes: string) => Buffer.from(bytes, 'hex');
  const cases: [what: string, bytes: Buffer, contentType: string | undefined, text: string][] = [
    ['UTF-8 when nothing is said', Buffer.from('Müller'), undefined, 'Müller'],
    ['latin1', hex('4dfc6c6c6572'), 'text/plain; charset=ISO-8859-1', 'Müller'], // latin-1
    ['windows-1252 under the name of latin1', hex('80'), 'text/plain;charset="iso-8859-1"', '€'], // cp1252
    ['ISO-8859-2', hex('ae69be6b61'), 'text/plain; charset=iso-8859-2', 'Žižka'], // iso8859-2
    ['ISO-8859-15', hex('a4'), 'text/plain; charset=iso-8859-15', '€'], // iso8859-15
    ['windows-1251', hex('cce8f0'), 'text/plain; charset=windows-1251', 'Мир'], // cp1251
    ['KOI8-R', hex('edc9d2'), 'text/plain; charset=koi8-r', 'Мир'], // koi8-r
    ['Shift_JIS', hex('93fa967b'), 'text/html; charset=Shift_JIS', '日本'], // shift_jis
    ['EUC-JP', hex('c6fccbdc'), 'text/html; charset=euc-jp', '日本'], // euc-jp
    ['EUC-KR', hex('c7d1b1b9'), 'text/html; charset=euc-kr', '한국'], // euc-kr
    ['Big5', hex('a4e9a5bb'), 'text/html; charset=big5', '日本'], // big5
    ['GB18030', hex('c8d5b1be'), 'text/html; CHARSET=gb18030', '日本'], // gb18030
    ['UTF-16LE', hex('e5652c67'), 'text/plain; charset=utf-16le', '日本'], // utf-16-le
    ['UTF-16BE', hex('65e5672c'), 'text/plain; charset=utf-16be', '日本'], // utf-16-be
    ['a mark before a header', hex('efbbbf4dc3bc'), 'text/plain; charset=latin1', 'Mü'], // utf-8-sig
    ['UTF-16 by its mark', hex('fffee5652c67'), undefined, '日本'], // fffe, then utf-16-le
    ['meta of a page', latin1('<html><meta charset=iso-8859-1>ü'), 'text/html', '<html><meta charset=iso-8859-1>ü'],
    [
      'the older meta',
      latin1('<meta http-equiv=x content="text/html; charset=iso-8859-1">ü'),
      'text/html',
      '<meta http-equiv=x content="text/html; charset=iso-8859-1">ü',
    ],
  ];
  test.each(cases)('%s', (_, bytes, contentType, text) => {
    expect(decodedText(bytes, contentType)).toBe(text);
  });

  test('an unknown charset fails the step by name', () => {
    expect(() => decodedText(latin1('x'), 'text/plain; charset=klingon')).toThrow('charset klingon, which is unknown');
  });

  test('JSON is UTF-8 whatever is said, unless it is not', () => {
    expect(jsonTextOf(Buffer.from('"Müller"'), 'application/json; charset=iso-8859-1')).toBe('"Müller"');
    expect(jsonTextOf(latin1('"Müller"'), 'application/json; charset=iso-8859-1')).toBe('"Müller"');
    expect(jsonTextOf(Buffer.from('\ufeff{}'), undefined)).toBe('{}');
    expect(jsonTextOf(Buffer.from('\ufeff{}', 'utf16le'), undefined)).toBe('{}');
  });
});

describe('numbers that JavaScript cannot hold', () => {
  test.each([
    ['{"a":[1,12345678901234567890]}', ['a', 1], '12345678901234567890'],
    ['{"a":-12345678901234567890}', ['a'], '-12345678901234567890'],
    ['{"a":1e400}', ['a'], '1e400'],
    ['{"a":"12345678901234567890"}', ['a'], undefined],
    ['{"a":5,"b":12345678901234567890}', ['a'], undefined],
    ['{"a":1,"a":12345678901234567890}', ['a'], '12345678901234567890'],
    ['{"__proto__":12345678901234567890}', ['toString'], undefined],
    [`${'['.repeat(100_000)}12345678901234567890${']'.repeat(100_000)}`, [0], undefined],
  ])('%.60s at %j', (text, location, digits) => {
    expect(new Digits(text).at(location)).toBe(digits);
  });
});
