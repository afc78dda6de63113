import { hash } from 'node:crypto';
import type { Request, Response, Router } from 'express';
import type { z } from 'zod';
import { describeError } from '../../runtime/log.js';
import { packageVersion } from '../../runtime/version.js';
import type { EvidenceStore } from '../evidence/store/store.js';
import { exportedControls } from './exporting.js';
import { isCursor, pageOf } from './listing.js';
import { API_PATH, openApiDocument } from './openapi.js';
import {
  type ControlDetail,
  controlQuerySchema,
  detailQuerySchema,
  exportQuerySchema,
  historyQuerySchema,
} from './schemas.js';

/** What the API reads. */
export interface ComplianceReader {
  /** All controls of all boards, as they are now. */
  controls(): readonly ControlDetail[];
  /** Where evaluations of a board are kept; of the only one, where none is named. Undefined while it cannot be opened. */
  evidence(board: string | undefined): EvidenceStore | undefined;
  now(): Date;
}

/** Mounts the read-only API; TLS and authentication are the server's. */
export function mountApi(router: Router, reader: ComplianceReader): void {
  const document = JSON.stringify(openApiDocument(packageVersion()));
  router.get(`${API_PATH}/openapi.json`, (request, response) => send(request, response, document));
  router.get(`${API_PATH}/controls`, (request, response) => list(request, response, reader));
  router.get(`${API_PATH}/controls/:id`, (request, response) => show(request, response, reader));
  router.get(`${API_PATH}/export`, (request, response) => exportAll(request, response, reader));
  router.get(`${API_PATH}/history`, (request, response) => history(request, response, reader));
}

function list(request: Request, response: Response, reader: ComplianceReader): void {
  const query = queryOf(request, response, controlQuerySchema);
  if (query === undefined) return;
  if (query.cursor !== undefined && !isCursor(query.cursor)) {
    refuse(response, 400, 'cursor is not the `next` of another page');
    return;
  }
  const now = reader.now();
  const { next, ...page } = pageOf(reader.controls(), query, now);
  const body = JSON.stringify({ asOf: now.toISOString(), ...page, next });
  send(request, response, body, { content: asOfIsNoChange });
}

function show(request: Request, response: Response, reader: ComplianceReader): void {
  const query = queryOf(request, response, detailQuerySchema);
  if (query === undefined) return;
  const { id } = request.params;
  const ofId = reader.controls().filter((control) => control.id === id);
  const found = query.board === undefined ? ofId : ofId.filter(({ board }) => board === query.board);
  const [control] = found;
  if (control === undefined) refuse(response, 404, `there is no control ${id}; ${API_PATH}/controls lists them`);
  else if (found.length > 1) {
    const boards = found.map(({ board }) => board).join(', ');
    refuse(response, 400, `several boards have ${id}; add ?board= one of ${boards}`);
  } else send(request, response, JSON.stringify(control));
}

function exportAll(request: Request, response: Response, reader: ComplianceReader): void {
  const query = queryOf(request, response, exportQuerySchema);
  if (query === undefined) return;
  const exported = exportedControls(reader.controls(), query, reader.now(), packageVersion());
  if (exported === undefined) {
    const nothing = query.format === 'poam' ? 'no open failure' : 'no control';
    refuse(response, 404, `the filters select ${nothing}, and OSCAL has no document for nothing`);
    return;
  }
  response.setHeader('Content-Disposition', `attachment; filename="${exported.fileName}"`);
  send(request, response, exported.body, { type: exported.type });
}

async function history(request: Request, response: Response, reader: ComplianceReader): Promise<void> {
  const query = queryOf(request, response, historyQuerySchema);
  if (query === undefined) return;
  const { limit, cursor, board, control, from, to } = query;
  const evidence = reader.evidence(board);
  if (evidence === undefined) {
    refuse(
      response,
      503,
      'no evidence store can be read: the landing page says why; of several boards, name one by ?board=',
    );
    return;
  }
  try {
    const filter = {
      ...(board === undefined ? {} : { board }),
      ...(control === undefined ? {} : { control }),
      ...(from === undefined ? {} : { from: new Date(from) }),
      ...(to === undefined ? {} : { to: new Date(to) }),
    };
    const found = await evidence.transitions(filter, limit, cursor);
    const items = found.map(({ number, effective, at, before, ...rest }) => ({
      ...rest,
      at: at.toISOString(),
      status: effective,
      before,
      evaluation: number,
    }));
    const next = found.length === limit ? found.at(-1)?.number : undefined;
    send(request, response, JSON.stringify({ items, next: next === undefined ? undefined : String(next) }));
  } catch (error) {
    refuse(response, 503, describeError(error));
  }
}

function queryOf<Schema extends z.ZodType>(
  request: Request,
  response: Response,
  schema: Schema,
): z.output<Schema> | undefined {
  const parsed = schema.safeParse(request.query);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  refuse(response, 400, `${issue?.path.join('.') || 'the query'}: ${issue?.message ?? 'it is wrong'}`);
  return undefined;
}

/** The time of the answer alone makes no new answer. */
const asOfIsNoChange = (body: string) => body.replace(/^\{"asOf":"[^"]*",/, '{');

interface SendOptions {
  readonly type?: string;
  /** What of the body makes it another answer. */
  readonly content?: (body: string) => string;
}

function send(request: Request, response: Response, body: string, options: SendOptions = {}): void {
  const { type = 'application/json', content = (text) => text } = options;
  const etag = `"${hash('sha256', content(body), 'base64url')}"`;
  response.setHeader('ETag', etag);
  response.setHeader('Cache-Control', 'no-cache');
  // Not `request.fresh`: clients that check for themselves also send `Cache-Control: no-cache`, for caches in between.
  if (request.get('if-none-match')?.includes(etag)) response.status(304).end();
  else response.type(type).send(body);
}

function refuse(response: Response, status: 400 | 404 | 503, detail: string): void {
  const titles = { 400: 'Bad Request', 404: 'Not Found', 503: 'Service Unavailable' };
  response
    .status(status)
    .type('application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', title: titles[status], status, detail }));
}
