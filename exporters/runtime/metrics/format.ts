export type TextFormat = 'text' | 'openmetrics';

/** The content types that Prometheus 3 expects: it refuses a page with an unknown type. */
export const contentTypes: Readonly<Record<TextFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};
