import type { IncomingHttpHeaders } from 'node:http';
import type { Connection } from '../database/pool.js';
import type { DemoPortalState } from '../state.js';
import type { JsonStyle } from './json.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface RouteCall {
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly portal: DemoPortalState;
  setCookie(line: string): void;
}

export interface DatabaseCall extends RouteCall {
  readonly db: Connection;
}

export interface Profile {
  readonly id: number;
  readonly first_name: string | null;
  readonly last_name: string | null;
  readonly profile_picture_url: string | null;
}

export interface UserCall extends DatabaseCall {
  readonly user: Profile;
}

interface Declaration {
  readonly method: Method;
  /** In the underscore style, with FastAPI's braces: `/api/client_groups/{client_group_id}`. */
  readonly path: string;
  readonly json: JsonStyle;
  /** How the route begins the `detail` of its own 500; without it an error is the bare `Internal Server Error`. */
  readonly failure?: string;
  /** The time the real portal takes for it, warm; what our queries do not use up is waited out in the database. */
  readonly warmMs?: number;
}

/** `open` takes no connection, `database` one, `user` one and a signed-in user. */
export type Route =
  | (Declaration & { readonly access: 'open'; handle(call: RouteCall): unknown })
  | (Declaration & { readonly access: 'database'; handle(call: DatabaseCall): Promise<unknown> })
  | (Declaration & { readonly access: 'user'; handle(call: UserCall): Promise<unknown> });
