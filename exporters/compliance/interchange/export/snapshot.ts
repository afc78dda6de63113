import type { ControlDetail } from '../../api/schemas.js';

/** What is exported: controls as they were at one moment, and how they were chosen. */
export interface ControlSnapshot {
  readonly controls: readonly ControlDetail[];
  readonly asOf: Date;
  /** Of the request, such as `area` and `severity`; whoever reads the export sees what is left out. */
  readonly filters: Readonly<Record<string, string>>;
  /** Of the pack that made it. */
  readonly packVersion: string;
}

/** Catalogues that the controls come from, each once. */
export function cataloguesOf({ controls }: ControlSnapshot): readonly ControlDetail['catalogue'][] {
  return [...new Map(controls.map(({ catalogue }) => [catalogue.sha256, catalogue])).values()];
}

export function filterTexts({ filters }: ControlSnapshot): readonly string[] {
  return Object.entries(filters).map(([name, value]) => `${name}=${value}`);
}
