import type { Shape } from './shape.js';

/** Header, one encrypted data key, authentication and tag: no message is shorter. */
const SHORTEST_BYTES = 100;

/** Version, type and algorithm suite; the second form, with key commitment, has no type. */
const FIRST = '^0180(0014|0046|0078|0114|0146|0178|0214|0346|0378)';
const SECOND = '^02(0478|0578)';
const aadLength = '(get_byte(v, aad_at) * 256 + get_byte(v, aad_at + 1))';

/** The message format of the AWS Encryption SDK: a known suite, and lengths that lead to at least one data key. */
export const awsEsdk: Shape = {
  takes: 'bytes',
  parts: [
    ['is_empty', 'v is null or length(v) = 0'],
    ['head', `encode(substr(v, 1, 4), 'hex')`],
    [
      'message',
      `case when length(v) = 0 then v when get_byte(v, 0) = 2 then substr(v, 4, 32) else substr(v, 5, 16) end`,
    ],
  ],
  more: [['aad_at', `case when head ~ '^02' then 35 else 20 end`]],
  state: `case
    when is_empty then 'null'
    when head !~ '^0180|^020[45]' then 'plaintext_suspect'
    when head !~ '${FIRST}|${SECOND}' or length(v) < ${SHORTEST_BYTES} then 'malformed'
    when ${aadLength} > length(v) - ${SHORTEST_BYTES - 40} then 'malformed'
    when get_byte(v, aad_at + 2 + ${aadLength}) * 256 + get_byte(v, aad_at + 3 + ${aadLength}) = 0 then 'malformed'
    else 'encrypted' end`,
  version: 'null::text',
  nonce: `encode(message, 'hex')`,
  payload: `encode(v, 'base64')`,
};
