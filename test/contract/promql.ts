import { execFileSync } from 'node:child_process';
import { parser } from '@prometheus-io/lezer-promql';

export interface Query {
  readonly metrics: readonly string[];
  /** Labels used in matchers, groupings and joins. */
  readonly labels: readonly string[];
  readonly functions: readonly string[];
  readonly hasError: boolean;
}

const parsed = new Map<string, Query>();

/** What a query names, read from its syntax tree. Read once: tests of the rules ask about each of them many times. */
export function parsePromql(expr: string): Query {
  const known = parsed.get(expr);
  if (known !== undefined) return known;
  const query = read(expr);
  parsed.set(expr, query);
  return query;
}

function read(expr: string): Query {
  const metrics = new Set<string>();
  const labels = new Set<string>();
  const functions = new Set<string>();
  let hasError = false;
  parser.parse(expr).iterate({
    enter(node) {
      const text = expr.slice(node.from, node.to);
      if (node.type.isError) hasError = true;
      else if (node.name === 'Identifier' && node.node.parent?.name === 'VectorSelector') metrics.add(text);
      else if (node.name === 'LabelName') labels.add(text);
      else if (node.name === 'FunctionIdentifier') functions.add(text);
    },
  });
  return { metrics: [...metrics], labels: [...labels], functions: [...functions], hasError };
}

/** promtool as found on the path, and those named in PROMTOOLS (separated by colons), such as an older and a newer one. */
export const promtools: readonly string[] = ['promtool', ...(process.env.PROMTOOLS ?? '').split(':')]
  .filter((tool) => tool !== '')
  .filter(runs);

export function runs(tool: string): boolean {
  try {
    execFileSync(tool, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Output of a tool, with what it printed when it failed. */
export function run(
  tool: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly input?: string } = {},
): string {
  try {
    return execFileSync(tool, [...args], { encoding: 'utf8', stdio: 'pipe', ...options });
  } catch (error) {
    const said =
      error instanceof Error && 'stdout' in error && 'stderr' in error ? `${error.stdout}${error.stderr}` : '';
    throw new Error(`${tool} ${args.join(' ')}\n${said}`, { cause: error });
  }
}
