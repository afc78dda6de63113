import { expect, test } from 'vitest';
import { compareSpelled } from '../../../../../../exporters/audit-trail/observer/checks/spelled-values.js';

test.each([
  ['"True"', 'true', 'boolean', 'same'],
  ['"f"', 'false', 'boolean', 'same'],
  ['"t"', 'false', 'boolean', 'different'],
  ['"None"', 'null', 'text', 'same'],
  ['"None"', '"a"', 'text', 'different'],
  ['"a"', 'null', 'text', 'different'],
  ['"12.5"', '12.50', 'numeric', 'same'],
  ['"12.5"', '12.51', 'numeric', 'different'],
  ['"2026-03-29 00:30:00.120000"', '"2026-03-29T01:30:00.12+01:00"', 'timestamp with time zone', 'same'],
  ['"2026-03-29 01:30:00"', '"2026-03-29T01:30:00+01:00"', 'timestamp with time zone', 'different'],
  ['"2026-03-29 01:30:00"', '"2026-03-29T01:30:00"', 'timestamp without time zone', 'same'],
  ['"10:00:00.500000"', '"10:00:00.5"', 'time without time zone', 'same'],
  ['"2 days, 3:00:00"', '"2 days 03:00:00"', 'interval', 'same'],
  ['"{\\"b\\": 1, \\"a\\": [null]}"', '{"a": [null], "b": 1}', 'jsonb', 'same'],
  ['"{\\"b\\": 2}"', '{"b": 1}', 'jsonb', 'different'],
  ['"null"', 'null', 'jsonb', 'same'],
  ['"[\'a\']"', '["a"]', 'text[]', 'unreadable'],
  ['"***ret"', '"secret"', 'text', 'unreadable'],
  ['"a"', '"b"', undefined, 'different'],
])('a record that says %s of a row with %s (%s): %s', (record, live, type, expected) => {
  expect(compareSpelled(record, live, type)).toBe(expected);
});
