/** What docs/compliance.md says is what happens: its role runs the shipped queries, its files load, its commands run. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type PostgresServer, startPostgres } from '../../../demo/postgres/index.js';
import { openApiDocument } from '../../../exporters/compliance/api/openapi.js';
import { firmViews } from '../../../pack/compliance/firm-views.js';
import type { ComplianceBoard, ControlCheck } from '../../../pack/compliance/model/index.js';
import { severityWeights } from '../../../pack/compliance/model/index.js';
import { loadPack } from '../../../pack/index.js';
import { shippedPackPath } from '../../../pack/reading/shipped.js';
import { kopHere } from '../../support/cli.js';

const page = readFileSync('docs/compliance.md', 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^ *\`\`\`${language}\\n([^]*?)^ *\`\`\``, 'gm'))].map(([, text = '']) => {
    const indent = /^ */.exec(text)?.[0] ?? '';
    return text.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
  });
const [shipped] = loadPack([], { requireSecrets: false }).compliance;
const board: ComplianceBoard = shipped ?? expect.fail('no board is shipped');

function queryOf(check: ControlCheck): readonly string[] {
  if (check.kind === 'sql') return [check.query];
  return check.kind === 'freshness' && check.source.kind === 'sql' ? [check.source.query] : [];
}

let server: PostgresServer;
let client: pg.Client;
const folder = mkdtempSync(join(tmpdir(), 'kop-docs-'));

beforeAll(async () => {
  server = await startPostgres();
  client = new pg.Client({ connectionString: server.adminUrl });
  await client.connect();
}, 60_000);

afterAll(async () => {
  await client?.end();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

test('a role as the page makes it runs every shipped query over the views, and cannot write', async () => {
  await client.query('create schema compliance');
  for (const { name, columns } of firmViews) {
    await client.query(
      `create table compliance.${name} (${columns.map((each) => `${each.name} ${each.type}`).join(', ')})`,
    );
  }
  for (const statement of blocks('sql')) await client.query(statement);
  await client.query("alter role kop_compliance password 'reads-only'");
  const url = new URL(server.adminUrl);
  Object.assign(url, { username: 'kop_compliance', password: 'reads-only' });
  const queries = board.controls.flatMap(({ checks }) => checks.flatMap(queryOf));
  expect(queries.length).toBeGreaterThan(25);
  const reader = new pg.Client({ connectionString: url.href });
  await reader.connect();
  try {
    for (const query of queries) await reader.query(query);
    await expect(reader.query('delete from compliance.backups')).rejects.toThrow(/permission denied|read-only/);
  } finally {
    await reader.end();
  }
});

describe('the files of the page', () => {
  const yaml = blocks('yaml');
  const file = (name: string, text = '') => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const containing = (word: string) => yaml.find((text) => text.includes(word));

  test('load, and say what the page says', async () => {
    for (const name of ['waivers', 'attestations', 'changes']) file(`${name}.yaml`, containing(`# ${name}.yaml`));
    file('profile.yaml', containing('facts:'));
    const mine = file('mine.yaml', yaml[0]);
    const [read] = loadPack([shippedPackPath(), mine], { requireSecrets: false }).compliance;
    expect(read?.waivers).toMatchObject([{ id: 'W-2026-01', control: 'SEC-04', coversUnknown: true }]);
    expect(read?.attestations).toMatchObject([{ control: 'SEC-05', outcome: 'met' }]);
    expect(read?.changes).toMatchObject([{ id: 'PS26-2', controls: ['FIN-16'] }]);
    const control = (id: string) => read?.controls.find((each) => each.id === id);
    expect(control('PRV-08')?.applicability).toMatchObject({ applies: false, reviewBy: '2027-06-30' });
    expect(control('SEC-07')).toMatchObject({ severity: 'high', checks: [{ maxAgeSeconds: 36 * 3_600 }] });
    const explained = await kopHere(
      'controls',
      'explain',
      'SEC-04',
      '--config.file',
      shippedPackPath(),
      '--config.file',
      mine,
    );
    expect(explained.code).toBe(0);
    expect(explained.stdout).toContain(
      'W-2026-01. From 2026-11-20 until 2027-03-31, approved by the compliance officer',
    );
  });

  test('the catalogue of one’s own loads beside the shipped one, and its test cases are right', async () => {
    file('own.yaml', containing('OWN-01'));
    const own = file('own-board.yaml', 'compliance: { kingston: { catalogues: [uk-wealth, ./own.yaml] } }\n');
    const { code, stdout } = await kopHere(
      'controls',
      'test',
      'OWN-01',
      '--config.file',
      shippedPackPath(),
      '--config.file',
      own,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: '3 of 3 known answers of 1 control right.\n' });
  });

  test('the seal is accepted', () => {
    const seal = file('seal.yaml', containing('origin: kingston.example/compliance'));
    const [read] = loadPack([shippedPackPath(), seal], { requireSecrets: false }).compliance;
    expect(read?.evidence.seal?.origin).toBe('kingston.example/compliance');
  });
});

test('each command of the page runs', async () => {
  const commands = blocks('sh').flatMap((text) => [...text.matchAll(/^npx kop (.+)$/gm)].map(([, line = '']) => line));
  expect(commands).toHaveLength(3);
  for (const line of commands) expect(await kopHere(...line.split(' ')), line).toMatchObject({ code: 0, stderr: '' });
});

test('the weights of the score are those that the page names', () => {
  const [, ...weights] = /critical (\d+), high (\d), medium (\d), low (\d)/.exec(page) ?? [];
  expect(weights.map(Number)).toEqual(
    ['critical', 'high', 'medium', 'low'].map((name) => Reflect.get(severityWeights, name)),
  );
});

test('each address of the API is one of its description', () => {
  const described = Object.keys(
    z.looseObject({ paths: z.record(z.string(), z.unknown()) }).parse(openApiDocument('0')).paths,
  );
  const named = [...page.matchAll(/^\| `(\/api\/[^`]+)` \|/gm)].map(([, path]) => path);
  expect(named.toSorted()).toEqual([...new Set([...described, '/api/v1/openapi.json'])].toSorted());
});
