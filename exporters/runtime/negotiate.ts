import type { TextFormat } from './metrics/format.js';

interface Preference {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

/**
 * The format that a client prefers. OpenMetrics only if the client names it and ranks it at least as high as plain
 * text; a wildcard gets plain text, which every client supports. Unknown parameters, such as `escaping=allow-utf-8`,
 * are ignored.
 */
export function negotiateFormat(accept: string | undefined): TextFormat {
  if (accept === undefined) return 'text';
  const preferences = accept.split(',').map(parsePreference);
  const openMetrics = best(preferences, isOpenMetrics);
  const text = best(preferences, isText);
  return openMetrics > 0 && openMetrics >= text ? 'openmetrics' : 'text';
}

function best(preferences: readonly Preference[], wanted: (preference: Preference) => boolean): number {
  return Math.max(0, ...preferences.filter(wanted).map(({ quality }) => quality));
}

function isOpenMetrics({ type, parameters }: Preference): boolean {
  const version = parameters.get('version');
  // Older Prometheus servers request 0.0.1 in addition to 1.0.0; they accept a 1.0.0 page for both.
  return (
    type === 'application/openmetrics-text' && (version === undefined || version === '1.0.0' || version === '0.0.1')
  );
}

function isText({ type, parameters }: Preference): boolean {
  const version = parameters.get('version');
  return type === 'text/plain' && (version === undefined || version === '0.0.4');
}

function parsePreference(text: string): Preference {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim().toLowerCase());
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const [name = '', value = ''] = part.split('=', 2);
    parameters.set(name.trim(), value.trim().replace(/^"(.*)"$/, '$1'));
  }
  return { type, parameters, quality: parseQuality(parameters.get('q')) };
}

/** A quality that is not a number counts as absent. */
function parseQuality(text: string | undefined): number {
  if (text === undefined || !/^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(text)) return 1;
  return Number(text);
}
