import { compileJsonPath } from '../../../pack/reading/json-path.js';
import { linearRegExp } from '../../../pack/reading/linear-regex.js';
import type { Extract } from '../../../pack/workflow/model.js';
import { asJson } from '../../runtime/portal/as-json.js';
import { StepFailure } from '../../runtime/portal/step-failure.js';
import type { Reading } from './reading.js';

type Take = (reading: Reading) => string | undefined;

/** Compiles the extractions of a step: what it adds to the journey's variables. */
export function compileExtracts(
  extracts: Readonly<Record<string, Extract>>,
): (reading: Reading) => Map<string, string> {
  const takes = Object.entries(extracts).map(([name, extract]) => ({ name, extract, take: compileExtract(extract) }));
  return (reading) => {
    const variables = new Map<string, string>();
    for (const { name, extract, take } of takes) {
      const value = take(reading);
      if (value === undefined)
        throw new StepFailure('assertion', `cannot extract {${name}}: nothing at ${describe(extract)}`);
      variables.set(name, value);
    }
    return variables;
  };
}

function compileExtract(extract: Extract): Take {
  switch (extract.from) {
    case 'json': {
      const query = compileJsonPath(extract.path);
      return (reading) => {
        const [node] = query.query(asJson(reading.json())).nodes;
        if (node === undefined) return undefined;
        return typeof node.value === 'number' ? numberText(node.value, node.location, reading) : toText(node.value);
      };
    }
    case 'header':
      return (reading) => reading.header(extract.name);
    case 'cookie':
      return (reading) => reading.cookie(extract.name);
    case 'regex': {
      const pattern = linearRegExp(extract.pattern);
      return (reading) => pattern.exec(reading.text)?.[extract.group];
    }
  }
}

function numberText(value: number, location: readonly (string | number)[], reading: Reading): string {
  return reading.digits(location) ?? String(value);
}

function toText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'boolean' ? String(value) : undefined;
}

function describe(extract: Extract): string {
  switch (extract.from) {
    case 'json':
      return extract.path;
    case 'header':
    case 'cookie':
      return `${extract.from} ${extract.name}`;
    case 'regex':
      return `/${extract.pattern}/`;
  }
}
