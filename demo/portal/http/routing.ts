import type { PathStyle } from '../../../pack/index.js';
import type { Method, Route } from './route.js';

export type Match =
  | { readonly kind: 'route'; readonly route: Route; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'wrong-method'; readonly allow: Method }
  | { readonly kind: 'missing' };

interface Compiled {
  readonly route: Route;
  readonly pattern: RegExp;
}

/** Starlette's rules: first full match wins, a path known only under another method is 405, case and slashes count. */
export class RouteTable {
  readonly routes: readonly Route[];
  readonly #compiled: readonly Compiled[];

  constructor(routes: readonly Route[]) {
    this.routes = routes;
    this.#compiled = routes.map((route) => ({ route, pattern: patternOf(route.path) }));
  }

  match(method: string, path: string): Match {
    let partial: Route | undefined;
    for (const { route, pattern } of this.#compiled) {
      const found = pattern.exec(path);
      if (found && route.method === method) {
        return { kind: 'route', route, params: decoded(found.groups ?? {}) };
      }
      if (found) {
        partial ??= route;
      }
    }
    return partial ? { kind: 'wrong-method', allow: partial.method } : { kind: 'missing' };
  }
}

/** phase_2 renamed the routes and mounted no compatibility layer, so each style knows only its own names. */
export function inStyle(routes: readonly Route[], style: PathStyle): Route[] {
  return routes.map((route) => (style === 'underscore' ? route : { ...route, path: kebab(route.path) }));
}

function kebab(path: string): string {
  return path
    .split('/')
    .map((segment) => (segment.startsWith('{') ? segment : segment.replaceAll('_', '-')))
    .join('/');
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);
}

function decoded(groups: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, safeDecode(value)]));
}

function safeDecode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
