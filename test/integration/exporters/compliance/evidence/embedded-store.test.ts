import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'libsql';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EvaluationDocument } from '../../../../../exporters/compliance/evidence/document.js';
import { EVIDENCE_FILE } from '../../../../../exporters/compliance/evidence/store/database-file.js';
import { EmbeddedStore } from '../../../../../exporters/compliance/evidence/store/embedded.js';
import { EvidenceDamaged, EvidenceUnavailable } from '../../../../../exporters/compliance/evidence/store/store.js';
import { packageRoot } from '../../../../../pack/index.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kop-evidence-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const DAY_MS = 86_400_000;
const at = (day: number) => new Date(Date.UTC(2026, 0, 1) + day * DAY_MS);

function evaluation(day: number, change: Partial<EvaluationDocument> = {}): EvaluationDocument {
  return {
    format: 'kop-evaluation-1',
    board: 'kingston',
    portal: 'kingston',
    control: 'AUD-01',
    catalogue: { name: 'uk-wealth', version: '1.0.0', sha256: 'a'.repeat(64) },
    definition: 'b'.repeat(64),
    at: at(day).toISOString(),
    raw: 'compliant',
    effective: 'compliant',
    checks: [],
    ...change,
  };
}
const failing = { raw: 'non_compliant', effective: 'non_compliant' } as const;
const waived = { raw: 'non_compliant', effective: 'waived', waiver: 'W-2026-01' } as const;

describe('the embedded store', () => {
  test('gives back what was added, byte for byte, also after it was opened again', async () => {
    const written = evaluation(0, {
      reason: 'Zoë said “no”\u0000\n',
      checks: [
        {
          name: 'a',
          kind: 'sql',
          outcome: 'fail',
          value: '0.10',
          operator: '<=',
          limit: '0',
          asOf: '2026-01-01T00:00:00Z',
          source: 's',
          reason: 'r',
        },
        { name: 'b', kind: 'promql', outcome: 'unknown', source: 's', reason: 'no series' },
      ],
    });
    const store = await EmbeddedStore.open(folder);
    expect(await store.append([written, evaluation(1)])).toBe(2);
    await store.close();
    const again = await EmbeddedStore.open(folder, { readOnly: true });
    expect((await again.read(0, 10))[0]).toEqual({ number: 1, document: written });
    expect(await again.extent()).toEqual({ last: 2, disposedUpTo: 0, oldestAt: at(0) });
    await again.close();
  });

  test('knows what the state was at any moment, and when it changed', async () => {
    const store = await EmbeddedStore.open(folder);
    await store.append([evaluation(0), evaluation(1, failing), evaluation(2, failing), evaluation(3, waived)]);
    await store.append([evaluation(4), evaluation(4, { control: 'AUD-02', ...failing })]);
    expect(await store.statusAt('kingston', 'AUD-01', new Date(at(3).getTime() - 1))).toMatchObject({ number: 3 });
    expect(await store.statusAt('kingston', 'AUD-01', at(3))).toMatchObject({ number: 4 });
    expect(await store.statusAt('kingston', 'AUD-01', new Date(at(0).getTime() - 1))).toBeUndefined();
    expect(await store.statusAt('kingston', 'AUD-99', at(3))).toBeUndefined();
    const transitions = await store.transitions({ control: 'AUD-01' }, 10);
    expect(transitions.map(({ number, before, effective }) => [number, before, effective])).toEqual([
      [5, 'waived', 'compliant'],
      [4, 'non_compliant', 'waived'],
      [2, 'compliant', 'non_compliant'],
      [1, undefined, 'compliant'],
    ]);
    expect(await store.transitions({ board: 'kingston', from: at(3), to: at(4) }, 10)).toHaveLength(1);
    expect((await store.find({ control: 'AUD-01' }, 2)).map(({ number }) => number)).toEqual([5, 4]);
    expect((await store.find({ control: 'AUD-01' }, 2, 4)).map(({ number }) => number)).toEqual([3, 2]);
    await store.close();
  });

  test('adds a batch whole or not at all, and then goes on', async () => {
    const store = await EmbeddedStore.open(folder);
    await store.append([evaluation(0)]);
    const broken = { ...evaluation(2, failing), control: null };
    // @ts-expect-error: what a caller without types could give.
    await expect(store.append([evaluation(1, failing), broken])).rejects.toThrow();
    expect(await store.append([evaluation(3, failing)])).toBe(2);
    // The failing state of the batch that was refused is not remembered.
    expect(await store.transitions({}, 10)).toMatchObject([{ number: 2, before: 'compliant' }, { number: 1 }]);
    await store.close();
  });

  test('lets nobody change or remove an evaluation in passing', async () => {
    const store = await EmbeddedStore.open(folder);
    await store.append([evaluation(0), evaluation(1)]);
    await store.close();
    const db = new Sqlite(join(folder, EVIDENCE_FILE));
    expect(() => db.exec('delete from evaluations where number = 1')).toThrow('evaluations are append-only');
    expect(() => db.exec('update evaluations set at = 0')).toThrow('evaluations are append-only');
    db.close();
  });

  test('does not use the numbers of disposed evaluations again', async () => {
    const store = await EmbeddedStore.open(folder);
    await store.append([evaluation(0), evaluation(1)]);
    await store.dispose(2);
    expect(await store.extent()).toEqual({ last: 2, disposedUpTo: 2, oldestAt: undefined });
    expect(await store.append([evaluation(2)])).toBe(3);
    await store.close();
  });

  test('keeps definitions of controls once', async () => {
    const store = await EmbeddedStore.open(folder);
    await store.keepDefinition('c'.repeat(64), '{}');
    await store.keepDefinition('c'.repeat(64), 'something else');
    expect(await store.definition('c'.repeat(64))).toBe('{}');
    expect(await store.definition('d'.repeat(64))).toBeUndefined();
    await store.close();
  });

  test('says so when the file is damaged, and is no evidence then', async () => {
    const store = await EmbeddedStore.open(folder);
    await store.append(Array.from({ length: 500 }, (_, day) => evaluation(day, { reason: `day ${day}` })));
    await store.close();
    const path = join(folder, EVIDENCE_FILE);
    const db = new Sqlite(path);
    db.pragma('wal_checkpoint(truncate)');
    db.close();
    const bytes = readFileSync(path);
    bytes.fill(0xff, 4096 * 3, 4096 * 6);
    writeFileSync(path, bytes);
    await expect(EmbeddedStore.open(folder)).rejects.toThrow(EvidenceDamaged);
    writeFileSync(path, 'this is no database, however long it is'.repeat(1000));
    await expect(EmbeddedStore.open(folder)).rejects.toThrow(EvidenceDamaged);
  });

  test('says so when there is none to read, or nothing can be written', async () => {
    await expect(EmbeddedStore.open(folder, { readOnly: true })).rejects.toThrow(EvidenceUnavailable);
    await expect(EmbeddedStore.open(join(folder, 'absent'))).rejects.toThrow('the file cannot be opened or made');
  });
});

/** A process that appends one evaluation after the other and says each time how far it is. */
function writer(limit: string) {
  const source = `
    const { EmbeddedStore } = await import(${JSON.stringify(join(packageRoot(), 'dist/exporters/compliance/evidence/store/embedded.js'))});
    const store = await EmbeddedStore.open(process.argv[1]);
    for (;;) {
      const document = JSON.parse(process.argv[2]);
      document.reason = 'x'.repeat(2000) + Math.random();
      try { console.log(await store.append([document, document, document])); }
      catch (error) { console.log(error.name + ': ' + error.message); break; }
    }`;
  const node = [process.execPath, '--input-type=module', '--eval', source, folder, JSON.stringify(evaluation(0))];
  const child = spawn('sh', ['-c', `${limit} exec "$@"`, 'sh', ...node], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (part: Buffer) => {
    said += part.toString();
  });
  return { child, lines: () => said.split('\n').filter((line) => line !== '') };
}

describe('the embedded store in trouble', () => {
  test('loses nothing that it acknowledged when its process is killed in the middle of writing', async () => {
    const { child, lines } = writer('');
    while (lines().length < 30) await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill('SIGKILL');
    await once(child, 'close');
    const acknowledged = Number(lines().at(-1));
    const store = await EmbeddedStore.open(folder);
    const { last } = await store.extent();
    expect(last).toBeGreaterThanOrEqual(acknowledged);
    expect(last % 3).toBe(0);
    expect(await store.read(0, last + 1)).toHaveLength(last);
    await store.close();
  });

  test('says that no more fits on the disk, and keeps what it had', async () => {
    // In units of 512 bytes or 1 kB, depending on the shell: in any case a few hundred evaluations.
    const { child, lines } = writer("trap '' XFSZ; ulimit -f 1000;");
    await once(child, 'close');
    const written = lines();
    expect(written.at(-1)).toMatch(/^EvidenceUnavailable: the evidence cannot be kept in .*evidence\.db: /);
    const store = await EmbeddedStore.open(folder);
    expect(await store.read(0, 10_000)).toHaveLength(Number(written.at(-2)));
    await store.close();
  });
});
