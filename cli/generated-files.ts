import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type AlertmanagerOptions, alertFiles, burnWindows } from '../alert-rules/src/index.js';
import { dashboardFiles } from '../dashboards/src/index.js';
import { errorCode } from '../exporters/runtime/error-code.js';
import { boardFileSchemaTexts } from '../pack/board-file-schemas.js';
import { configurationReference } from '../pack/configuration-reference.js';
import { controlsReference } from '../pack/controls-reference.js';
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

const holidaysFolder = 'pack/policy/holidays';

/** All files that are generated from a description. The same description always gives the same bytes. */
export async function generatedFiles(
  pack: Pack,
  out: string,
  options: AlertmanagerOptions,
): Promise<{ readonly files: readonly GeneratedFile[]; readonly skipped: readonly Skipped[] }> {
  const windows = burnWindows(pack).map((window) => window.name);
  const holidays = await holidayTables(out);
  return {
    files: [
      ...alertFiles(pack, options),
      ...dashboardFiles(pack),
      { path: 'docs/configuration.md', text: configurationReference() },
      { path: 'docs/controls.md', text: controlsReference() },
      { path: 'docs/metrics.md', text: metricReference(windows) },
      { path: 'pack/pack.schema.json', text: packJsonSchema() },
      ...boardFileSchemaTexts(),
      ...('reason' in holidays ? [] : holidays),
    ],
    skipped: 'reason' in holidays ? [holidays] : [],
  };
}

/** Their library is needed only for development; exporters read the shipped tables. */
async function holidayTables(out: string): Promise<readonly GeneratedFile[] | Skipped> {
  if (resolve(out) !== packageRoot()) return { path: holidaysFolder, reason: "made only in the pack's own repository" };
  try {
    const { generateHolidays } = await import('../pack/policy/holidays/generate.js');
    return [...generateHolidays()].map(([name, text]) => ({ path: `${holidaysFolder}/${name}.json`, text }));
  } catch (error) {
    if (isMissingModule(error))
      return { path: holidaysFolder, reason: 'needs the development dependency date-holidays' };
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
