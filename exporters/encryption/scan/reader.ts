import type { BatchReader } from './batch.js';
import type { ResolvedColumn } from './column.js';
import { PatternReader } from './pattern-reader.js';
import { shapes } from './shapes/index.js';
import { SqlReader } from './sql-reader.js';

export function readerFor(resolved: ResolvedColumn, seed: string): BatchReader {
  const { format } = resolved.column;
  return format.kind === 'regex'
    ? new PatternReader(resolved, format.pattern, seed)
    : new SqlReader(resolved, shapes[format.kind], seed);
}
