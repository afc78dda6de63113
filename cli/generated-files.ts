import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type AlertmanagerOptions, alertFiles, burnWindows } from '../alert-rules/src/index.js';
import { dashboardFiles } from '../dashboards/src/index.js';
import { errorCode } from '../exporters/runtime/error-code.js';
import { configurationReference } from '../pack/configuration-reference.js';
import { type Pack, packageRoot, packJsonSchema } from '../pack/index.js';
import { metricReference } from '../pack/metric-reference.js';

export interface GeneratedFile {
  /** Relative to the output directory. */
  readonly path: string;
  readonly text: string;
  /** Neither committed nor shipped, so it cannot be out of date. */
  readonly isDerived?: true;
}

export type FileState = 'new' | 'changed' | 'unchanged';

export interface Skipped {
  readonly path: string;
  readonly reason: string;
}

const holidaysPath = 'pack/policy/holidays/england-and-wales.json';

/** All files that are generated from a description. The same description always gives the same bytes. */
export async function generatedFiles(
  pack: Pack,
  out: string,
  options: AlertmanagerOptions,
): Promise<{ readonly files: readonly GeneratedFile[]; readonly skipped: readonly Skipped[] }> {
  const windows = burnWindows(pack).map((window) => window.name);
  const holidays = await holidayTable(out);
  return {
    files: [
      ...alertFiles(pack, options),
      ...dashboardFiles(pack),
      { path: 'docs/configuration.md', text: configurationReference() },
      { path: 'docs/metrics.md', text: metricReference(windows) },
      { path: 'pack/pack.schema.json', text: packJsonSchema() },
      ...('text' in holidays ? [holidays] : []),
    ],
    skipped: 'reason' in holidays ? [holidays] : [],
  };
}

/** Its library is needed only for development; exporters read the shipped table. */
async function holidayTable(out: string): Promise<GeneratedFile | Skipped> {
  if (resolve(out) !== packageRoot()) return { path: holidaysPath, reason: "made only in the pack's own repository" };
  try {
    const { generateHolidays } = await import('../pack/policy/holidays/generate.js');
    return { path: holidaysPath, text: generateHolidays() };
  } catch (error) {
    if (isMissingModule(error)) return { path: holidaysPath, reason: 'needs the development dependency date-holidays' };
    throw error;
  }
}

function isMissingModule(error: unknown): boolean {
  return errorCode(error) === 'ERR_MODULE_NOT_FOUND';
}

export function fileStateOf(out: string, file: GeneratedFile): FileState {
  let found: string;
  try {
    found = readFileSync(join(out, file.path), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return 'new';
    throw error;
  }
  return found === file.text ? 'unchanged' : 'changed';
}

export function writeGenerated(out: string, file: GeneratedFile): void {
  const path = join(out, file.path);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, file.text);
}
