export interface Need {
  readonly title: string;
  /** Any of these will do. */
  readonly programs: readonly string[];
  readonly packages: readonly string[];
  readonly ubuntu?: string;
  readonly brew: string;
  readonly page: string;
}

/** The programs that the tests need and the PATH does not know. */
export function missingTools(folders?: readonly string[]): Need[];
export function howToInstall(missing: readonly Need[]): string;
/** Whether a program of this name can be started. */
export function onPath(program: string, folders?: readonly string[]): boolean;
/** The browser that the tests drive. */
export function browserPath(): string;
export const serverFolders: readonly string[];
