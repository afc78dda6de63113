import type { Metric } from '../../../pack/metrics/index.js';
import type { Family, HistogramSample } from './family.js';
import type { TextFormat } from './format.js';
import { formatBound, formatValue } from './number.js';

/**
 * A page in the Prometheus text format 0.0.4 or in OpenMetrics 1.0. Each name may occur once; `mergeFamilies` ensures
 * that. A family without series still shows its help and type.
 */
export function renderFamilies(families: readonly Family[], format: TextFormat): string {
  const chunks: string[] = [];
  for (const family of families) chunks.push(head(family.decl, format), samplesText(family));
  if (format === 'openmetrics') chunks.push('# EOF\n');
  return chunks.join('');
}

function samplesText({ decl, samples }: Family): string {
  const { name } = decl;
  let text = '';
  for (const sample of samples) {
    if ('bounds' in sample) text += histogramText(name, sample);
    else text += `${name}${sample.labels === '' ? '' : `{${sample.labels}}`} ${formatValue(sample.value)}\n`;
  }
  return text;
}

function histogramText(name: string, { labels, bounds, counts, sum }: HistogramSample): string {
  const prefix = labels === '' ? '' : `${labels},`;
  const braces = labels === '' ? '' : `{${labels}}`;
  let text = '';
  let accumulated = 0;
  counts.forEach((count, index) => {
    accumulated += count;
    const bound = bounds[index];
    const le = bound === undefined ? '+Inf' : boundText(bound);
    text += `${name}_bucket{${prefix}le="${le}"} ${accumulated}\n`;
  });
  return `${text}${name}_sum${braces} ${formatValue(sum)}\n${name}_count${braces} ${accumulated}\n`;
}

/** The same few bounds occur in every series of a page. */
const boundTexts = new Map<number, string>();
const MAX_BOUND_TEXTS = 1000;

function boundText(bound: number): string {
  const known = boundTexts.get(bound);
  if (known !== undefined) return known;
  const text = formatBound(bound);
  if (boundTexts.size < MAX_BOUND_TEXTS) boundTexts.set(bound, text);
  return text;
}

function head(decl: Metric, format: TextFormat): string {
  if (format === 'text') {
    return `# HELP ${decl.name} ${escapeHelp(decl.help)}\n# TYPE ${decl.name} ${decl.type}\n`;
  }
  const { name, type } = openMetricsFamily(decl);
  const unit = unitOf(name);
  const unitLine = unit === undefined ? '' : `# UNIT ${name} ${unit}\n`;
  return `# TYPE ${name} ${type}\n${unitLine}# HELP ${name} ${escapeHelp(decl.help).replaceAll('"', '\\"')}\n`;
}

/** In OpenMetrics the family has the bare name and its sample the suffix. */
function openMetricsFamily({ name, type, unit }: Metric): { name: string; type: string } {
  if (type === 'counter') return { name: name.replace(/_total$/, ''), type };
  if (unit === 'info' && name.endsWith('_info')) return { name: name.replace(/_info$/, ''), type: 'info' };
  return { name, type };
}

/** OpenMetrics allows a unit only where the name ends in it. */
function unitOf(name: string): string | undefined {
  return /_(seconds|bytes|ratio)$/.exec(name)?.[1];
}

function escapeHelp(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
