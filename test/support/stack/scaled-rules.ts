import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ruleFiles, ruleFileText } from '../../../alert-rules/src/index.js';
import { evaluatedEvery } from '../../../demo/stack/rules.js';
import type { Pack } from '../../../pack/index.js';

/** Hours become minutes: same rules, same factors, same labels, windows that a test can wait for. */
const windows: Readonly<Record<string, { readonly shortSeconds: number; readonly longSeconds: number }>> = {
  fast: { shortSeconds: 15, longSeconds: 60 },
  medium: { shortSeconds: 30, longSeconds: 90 },
  slow: { shortSeconds: 40, longSeconds: 150 },
  trickle: { shortSeconds: 60, longSeconds: 180 },
};

export function scaled(pack: Pack): Pack {
  const burn = pack.alerting.burn.map((window) => ({ ...window, ...windows[window.name] }));
  return { ...pack, alerting: { ...pack.alerting, noDataForSeconds: 5, burn } };
}

/** The rules that `kop build` would write for the scaled description, evaluated every second. */
export function writeScaledRules(pack: Pack, folder: string): readonly string[] {
  mkdirSync(folder, { recursive: true });
  return ruleFiles(scaled(pack)).map((file) => {
    const path = join(folder, basename(file.path));
    // What was seen is remembered from minute to minute, and a test has seldom seen a whole one.
    writeFileSync(path, evaluatedEvery(1, ruleFileText(file)).replaceAll('[1h:1m]', '[1h:5s]'));
    return path;
  });
}
