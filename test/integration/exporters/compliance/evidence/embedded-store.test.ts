import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'libsql';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EVIDENCE_FILE } from '../../../../../exporters/compliance/evidence/store/database-file.js';
import { openEmbeddedStore } from '../../../../../exporters/compliance/evidence/store/embedded.js';
import { EvidenceDamaged, EvidenceUnavailable } from '../../../../../exporters/compliance/evidence/store/store.js';
import { packageRoot } from '../../../../../pack/index.js';
import { evaluationOn as evaluation } from '../../../../support/compliance/evaluations.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kop-evidence-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the embedded store', () => {
  test('lets nobody change or remove an evaluation in passing', async () => {
    const store = await openEmbeddedStore(folder);
    await store.append([evaluation(0), evaluation(1)]);
    await store.close();
    const db = new Sqlite(join(folder, EVIDENCE_FILE));
    expect(() => db.exec('delete from evaluations where number = 1')).toThrow('evaluations are append-only');
    expect(() => db.exec('update evaluations set at = 0')).toThrow('evaluations are append-only');
    db.close();
  });

  test('says so when the file is damaged, and is no evidence then', async () => {
    const store = await openEmbeddedStore(folder);
    await store.append(Array.from({ length: 500 }, (_, day) => evaluation(day, { reason: `day ${day}` })));
    await store.close();
    const path = join(folder, EVIDENCE_FILE);
    const db = new Sqlite(path);
    db.pragma('wal_checkpoint(truncate)');
    db.close();
    const bytes = readFileSync(path);
    bytes.fill(0xff, 4096 * 3, 4096 * 6);
    writeFileSync(path, bytes);
    await expect(openEmbeddedStore(folder)).rejects.toThrow(EvidenceDamaged);
    writeFileSync(path, 'this is no database, however long it is'.repeat(1000));
    await expect(openEmbeddedStore(folder)).rejects.toThrow(EvidenceDamaged);
  });

  test('says so when there is none to read, or nothing can be written', async () => {
    await expect(openEmbeddedStore(folder, { readOnly: true })).rejects.toThrow(EvidenceUnavailable);
    await expect(openEmbeddedStore(join(folder, 'absent'))).rejects.toThrow('the file cannot be opened or made');
  });
});

/** A process that appends one evaluation after the other and says each time how far it is. */
function writer(limit: string) {
  const source = `
    const { openEmbeddedStore } = await import(${JSON.stringify(join(packageRoot(), 'dist/exporters/compliance/evidence/store/embedded.js'))});
    const store = await openEmbeddedStore(process.argv[1]);
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
    const store = await openEmbeddedStore(folder);
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
    const store = await openEmbeddedStore(folder);
    expect(await store.read(0, 10_000)).toHaveLength(Number(written.at(-2)));
    await store.close();
  });
});
