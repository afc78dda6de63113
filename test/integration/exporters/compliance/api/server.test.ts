import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import express from 'express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { mountApi } from '../../../../../exporters/compliance/api/router.js';
import type { ControlDetail } from '../../../../../exporters/compliance/api/schemas.js';
import { openEmbeddedStore } from '../../../../../exporters/compliance/evidence/store/embedded.js';
import type { EvidenceStore } from '../../../../../exporters/compliance/evidence/store/store.js';
import { shownControl } from '../../../../support/compliance/controls.js';
import { evaluationDay, evaluationOn } from '../../../../support/compliance/evaluations.js';

let server: Server;
let base: string;
let folder: string;
let evidence: EvidenceStore | undefined;
let controls: readonly ControlDetail[] = [];
let now = new Date('2026-03-03T12:05:00Z');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kop-api-'));
  const router = express.Router();
  mountApi(router, { controls: () => controls, evidence: () => evidence, now: () => now });
  server = createServer(express().use(router)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server on a port of TCP has such an address.
  const { port } = z.object({ port: z.int() }).parse(server.address() satisfies AddressInfo | string | null);
  base = `http://127.0.0.1:${port}`;
  evidence = await openEmbeddedStore(folder);
  await evidence.append([
    evaluationOn(0),
    evaluationOn(1, { raw: 'non_compliant', effective: 'non_compliant' }),
    evaluationOn(2, { control: 'AUD-02' }),
  ]);
});
afterAll(async () => {
  server.close();
  await evidence?.close();
  rmSync(folder, { recursive: true });
});

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${base}/api/v1${path}`, { headers });

const responses = z.record(
  z.string(),
  z.object({ content: z.record(z.string(), z.object({ schema: z.unknown() })).optional() }),
);
const openApi = z.object({
  paths: z.record(z.string(), z.object({ get: z.object({ responses }) })),
  components: z.unknown(),
});

/** Whether an answer is what the description that the server itself gives says. */
async function described(path: string): Promise<(response: Response) => Promise<readonly unknown[]>> {
  const { paths, components } = openApi.parse(await (await get('/openapi.json')).json());
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  return async (response) => {
    const type = response.headers.get('content-type')?.split(';')[0] ?? '';
    const schema = paths[`/api/v1${path}`]?.get.responses[String(response.status)]?.content?.[type]?.schema;
    if (schema === undefined) return [`${response.status} ${type} is not described`];
    const validate = ajv.compile({ ...z.record(z.string(), z.unknown()).parse(schema), components });
    return validate(await response.json()) ? [] : (validate.errors ?? []);
  };
}

describe('the API of controls', () => {
  test.each([
    ['/controls', '/controls', 200],
    ['/controls', '/controls?limit=1&actionable=true', 200],
    ['/controls', '/controls?limit=0', 400],
    ['/controls', '/controls?colour=red', 400],
    ['/controls', '/controls?cursor=x', 400],
    ['/controls/{id}', '/controls/A-1?board=kingston', 200],
    ['/controls/{id}', '/controls/A-1', 400],
    ['/controls/{id}', '/controls/Z-9', 404],
    ['/export', '/export?format=json&board=kingston', 200],
    ['/export', '/export?format=oscal', 200],
    ['/export', '/export?format=poam', 200],
    ['/export', '/export?format=poam&board=other', 404],
    ['/export', '/export?format=oscal&owner=nobody', 404],
    ['/export', '/export?format=pdf', 400],
    ['/export', '/export', 400],
    ['/history', '/history', 200],
    ['/history', '/history?control=AUD-01&from=2026-01-02T00:00:00Z', 200],
    ['/history', '/history?from=yesterday', 400],
  ])('answers as it describes: %s of %s', async (path, asked, status) => {
    controls = [
      shownControl('A-1', { since: '2026-03-01T00:00:00.000Z', nextReview: '2027-03-01' }),
      shownControl('A-1', { board: 'other' }),
      shownControl('A-2', {
        status: 'waived',
        raw: 'non_compliant',
        reason: '3 rows',
        waiver: {
          id: 'W-1',
          reason: 'r',
          compensating: 'c',
          requestedBy: 'team',
          approvedBy: 'board',
          approvedOn: '2026-01-01',
          expiresOn: '2026-12-31',
        },
      }),
    ];
    const check = await described(path);
    const response = await get(asked);
    expect(response.status).toBe(status);
    expect(await check(response)).toEqual([]);
  });

  test('says which parameter is wrong and what is expected', async () => {
    const problem = await (await get('/controls?status=fine')).json();
    expect(problem).toMatchObject({ detail: expect.stringMatching(/^status: .*"non_compliant"/) });
  });

  test('sends nothing again that has not changed, and the time alone is no change', async () => {
    controls = [shownControl('A-1')];
    const first = await get('/controls');
    const etag = first.headers.get('etag') ?? '';
    now = new Date(now.getTime() + 60_000);
    expect((await get('/controls', { 'If-None-Match': etag })).status).toBe(304);
    controls = [shownControl('A-1', { status: 'unknown', raw: 'unknown' })];
    expect((await get('/controls', { 'If-None-Match': etag })).status).toBe(200);
  });

  test('exports a file that says what it is of', async () => {
    controls = [shownControl('A-1'), shownControl('B-1', { board: 'other' })];
    now = new Date('2026-03-03T12:05:00Z');
    const csv = await get('/export?format=csv&board=other');
    expect(csv.headers.get('content-disposition')).toBe('attachment; filename="controls-20260303T120500Z.csv"');
    expect(csv.headers.get('content-type')).toMatch(/^text\/csv/);
    expect((await csv.text()).split('\r\n')).toEqual([
      expect.stringMatching(/^board,portal,control,.*,as_of,filters$/),
      expect.stringMatching(/^other,.*,B-1,.*,2026-03-03T12:05:00.000Z,board=other$/),
      '',
    ]);
    expect(await (await get('/export?format=json&actionable=false')).json()).toMatchObject({
      asOf: '2026-03-03T12:05:00.000Z',
      filters: { actionable: 'false' },
      catalogues: [{ sha256: expect.any(String) }],
      items: [{ id: 'A-1' }, { id: 'B-1' }],
    });
    const oscal = await (await get('/export?format=oscal')).json();
    expect(oscal).toHaveProperty('assessment-results.results[1].findings');
  });

  test('gives history page by page, the newest first', async () => {
    const first = await (await get('/history?limit=2')).json();
    expect(first).toMatchObject({
      items: [
        { evaluation: 3, control: 'AUD-02', status: 'compliant' },
        { evaluation: 2, at: evaluationDay(1).toISOString(), status: 'non_compliant', before: 'compliant' },
      ],
      next: '2',
    });
    expect(await (await get('/history?limit=2&cursor=2')).json()).toMatchObject({ items: [{ evaluation: 1 }] });
  });

  test('changes nothing', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      expect((await fetch(`${base}/api/v1/controls`, { method })).status).toBe(404);
    }
  });

  test('says so when the evidence cannot be read', async () => {
    const kept = evidence;
    evidence = undefined;
    const check = await described('/history');
    const response = await get('/history');
    expect(response.status).toBe(503);
    expect(await check(response)).toEqual([]);
    evidence = kept;
  });
});
