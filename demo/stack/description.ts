import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { shippedPackPath } from '../../pack/index.js';

export interface DescriptionLayer {
  /** Names the file. */
  readonly name: string;
  /** YAML, merged over what came before it. */
  readonly text: string;
}

/**
 * The description of one demo, as one folder that every command can be given: the shipped file and what is merged over it.
 * Secrets lie in files that only this user can read, and not in variables, which a second terminal would not have.
 *
 * @param secrets by the variables that the texts name.
 * @returns the folder for `--config.file`.
 */
export async function writeDescription(
  folder: string,
  layers: readonly DescriptionLayer[],
  secrets: Readonly<Record<string, string>>,
): Promise<string> {
  const [configFolder, secretFolder] = [join(folder, 'config'), join(folder, 'secrets')];
  for (const each of [configFolder, secretFolder]) await mkdir(each, { recursive: true, mode: 0o700 });
  for (const [name, value] of Object.entries(secrets)) {
    await writeFile(join(secretFolder, name), value, { mode: 0o600 });
  }
  const shipped = { name: 'pack', text: await readFile(shippedPackPath(), 'utf8') };
  for (const [at, { name, text }] of [shipped, ...layers].entries()) {
    // A folder's files are merged in the order of their names.
    await writeFile(join(configFolder, `${at}-${name}.yaml`), withFiles(text, secretFolder, Object.keys(secrets)));
  }
  return configFolder;
}

function withFiles(text: string, folder: string, names: readonly string[]): string {
  return names.reduce((written, name) => written.replaceAll(`\${env:${name}}`, `\${file:${join(folder, name)}}`), text);
}
