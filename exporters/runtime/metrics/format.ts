export type TextFormat = 'text' | 'openmetrics';

/** As Prometheus 3 expects them: it refuses a page whose type it cannot read. */
export const contentTypes: Readonly<Record<TextFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};
