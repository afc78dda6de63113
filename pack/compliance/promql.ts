import { parser } from '@prometheus-io/lezer-promql';

/** What is wrong with a query of a check; undefined where nothing is. */
export function promqlProblem(query: string): string | undefined {
  const tree = parser.parse(query);
  let errorAt: number | undefined;
  tree.iterate({
    enter({ type, from }) {
      if (type.isError) errorAt ??= from;
    },
  });
  if (errorAt !== undefined)
    return `not PromQL: ${JSON.stringify(query.slice(errorAt, errorAt + 20) || 'its end')} is not expected there`;
  let top = tree.topNode.firstChild;
  while (top?.name === 'ParenExpr') top = top.firstChild;
  const compares = top?.name === 'BinaryExpr' && comparisons.some((name) => top?.getChild(name) !== null);
  return compares && top?.getChild('BoolModifier') === null
    ? 'a comparison stands at the top: it gives no series both when it is false and when the series are absent; expected the bare expression'
    : undefined;
}

const comparisons = ['Eql', 'Neq', 'Lss', 'Lte', 'Gtr', 'Gte'];
