import { ExporterFault } from './failure.js';

/**
 * A package that npm may have left out without a message. The failure says what to install.
 *
 * @param needs what its installation needs in addition to npm, such as a compiler.
 * @throws {ExporterFault}
 */
export async function loadOptional<T>(name: string, load: () => Promise<T>, needs?: string): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const hint = needs === undefined ? '' : ` (needs ${needs})`;
    throw new ExporterFault(
      'library',
      isAbsent(error)
        ? `${name} is not installed here: npm install ${name}${hint}`
        : `${name} is installed here and cannot be loaded: npm rebuild ${name}${hint}`,
    );
  }
}

function isAbsent(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND';
}
