/**
 * Whether a rule's route pattern fits a request: a path with `*` for anything, optionally after a method
 * (`POST /api/auth/login`). Dashes and underscores count as the same, so one rule serves both path styles.
 */
export function fitsRoute(pattern: string, method: string, path: string): boolean {
  const [, wantedMethod, wantedPath] = /^(?:([A-Z]+) )?(.*)$/.exec(pattern) ?? [];
  if (wantedMethod !== undefined && wantedMethod !== method) {
    return false;
  }
  const expression = oneStyle(wantedPath ?? '*')
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${expression}$`).test(oneStyle(path));
}

function oneStyle(path: string): string {
  return path.replaceAll('-', '_');
}
