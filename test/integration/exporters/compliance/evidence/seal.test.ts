import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'libsql';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EvaluationDocument } from '../../../../../exporters/compliance/evidence/document.js';
import {
  openSealedEvidence,
  type SealedEvidence,
  verifySealedEvidence,
} from '../../../../../exporters/compliance/evidence/seal/evidence-log.js';
import {
  type EvidenceProof,
  proveEvaluation,
  verifyEvidenceProof,
} from '../../../../../exporters/compliance/evidence/seal/prove-evaluation.js';
import { sealEvaluations } from '../../../../../exporters/compliance/evidence/seal/seal-evaluations.js';
import { verifyEvaluations } from '../../../../../exporters/compliance/evidence/seal/verify-evaluations.js';
import { EVIDENCE_FILE } from '../../../../../exporters/compliance/evidence/store/database-file.js';
import { openEmbeddedStore } from '../../../../../exporters/compliance/evidence/store/embedded.js';
import type { EvidenceStore } from '../../../../../exporters/compliance/evidence/store/store.js';
import { disposeEntries } from '../../../../../exporters/runtime/sealing/log/disposal.js';
import { NoProof } from '../../../../../exporters/runtime/sealing/proof/proof-file.js';
import { generateSealKey, signersFromPem } from '../../../../../exporters/runtime/sealing/signing/keys.js';
import { parseVkey } from '../../../../../exporters/runtime/sealing/signing/note.js';
import { packageRoot } from '../../../../../pack/index.js';

const ORIGIN = 'kingston.example/evidence';
const key = generateSealKey(ORIGIN);
const signers = signersFromPem(ORIGIN, key.privateKey);
const keys = [parseVkey(key.vkey)];
const { signal } = new AbortController();

function evaluation(index: number, change: Partial<EvaluationDocument> = {}): EvaluationDocument {
  return {
    format: 'kop-evaluation-1',
    board: 'kingston',
    portal: 'kingston',
    control: `AUD-0${(index % 3) + 1}`,
    catalogue: { name: 'uk-wealth', version: '1.0.0', sha256: 'a'.repeat(64) },
    definition: 'b'.repeat(64),
    at: new Date(Date.UTC(2026, 2, 3) + index * 60_000).toISOString(),
    raw: 'compliant',
    effective: 'compliant',
    checks: [
      {
        name: 'amount',
        kind: 'sql',
        outcome: 'pass',
        // Not a number that JavaScript can hold.
        value: '10000000000000001',
        operator: '>=',
        limit: '0',
        source: 'database portal',
      },
    ],
    ...change,
  };
}

let folder: string;
let evidence: EvidenceStore;
let sealed: SealedEvidence;

const seal = () =>
  sealEvaluations({ evidence, sealed, signers, now: () => new Date(Date.UTC(2026, 2, 4)), signal, maxPerEntry: 4 });
const openSealed = () => openSealedEvidence({ directory: join(folder, 'seal'), origin: ORIGIN, keys });
const verify = () => verifyEvaluations({ evidence, sealed, signal });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kop-evidence-'));
  evidence = await openEmbeddedStore(folder);
  sealed = await openSealed();
  await evidence.append(Array.from({ length: 10 }, (_, index) => evaluation(index)));
  await seal();
});
afterEach(async () => {
  await sealed.close();
  await evidence.close();
  rmSync(folder, { recursive: true });
});

/** What the administrator of the machine can do: any change of the file, past the store and its triggers. */
function tamper(sql: string): void {
  const db = new Sqlite(join(folder, EVIDENCE_FILE));
  db.exec('drop trigger evaluations_are_kept; drop trigger evaluations_are_unchanged');
  db.exec(sql);
  db.close();
}

describe('sealed evidence', () => {
  test('is verified as it was sealed, and quiet intervals are sealed too', async () => {
    expect(await seal()).toBe(0);
    expect(await verify()).toEqual({
      verified: 10,
      disposed: 0,
      altered: [],
      alteredEntries: [],
      alteredTransitions: [],
      unsealed: 0,
    });
    const log = await verifySealedEvidence({ path: sealed.logPath, origin: ORIGIN, keys });
    expect(log).toMatchObject({ ok: true });
    await evidence.append([evaluation(10)]);
    expect((await verify()).unsealed).toBe(1);
  });

  test.each([
    ['a value', `update evaluations set seen = '[["0",null]]' where number = 6`, [{ number: 6, how: 'changed' }]],
    [
      'one digit beyond those of a double',
      `update evaluations set seen = '[["10000000000000000",null]]' where number = 2`,
      [{ number: 2, how: 'changed' }],
    ],
    ['a time', 'update evaluations set at = at + 1 where number = 9', [{ number: 9, how: 'changed' }]],
    ['a status', `update contents set text = replace(text, '"raw":"compliant"', '"raw":"unknown"')`, 'all'],
    ['a row that is gone', 'delete from evaluations where number = 5', [{ number: 5, how: 'missing' }]],
    [
      'a row that cannot be read',
      `update evaluations set seen = 'x' where number = 3`,
      [{ number: 3, how: 'unreadable' }],
    ],
    [
      'two rows that changed places',
      'update evaluations set number = 100 where number = 1; update evaluations set number = 1 where number = 2; update evaluations set number = 2 where number = 100',
      [
        { number: 1, how: 'changed' },
        { number: 2, how: 'changed' },
      ],
    ],
  ])('names what its administrator altered: %s', async (_what, sql, expected) => {
    tamper(sql);
    const { altered, verified } = await verify();
    if (typeof expected === 'string') expect(altered).toHaveLength(10);
    else expect(altered).toMatchObject(expected);
    expect(verified).toBe(10 - altered.length);
  });

  test.each([
    ['another state', `update transitions set effective = 'unknown' where number = 2`, [2]],
    ['none where one was', 'delete from transitions where number = 3', [3]],
    ['one where none was', `insert into transitions values (7, 1, 0, 'unknown', 'unknown', 'compliant')`, [7]],
  ])('names a list of transitions that says something else: %s', async (_what, sql, expected) => {
    tamper(sql);
    expect(await verify()).toMatchObject({ verified: 10, altered: [], alteredTransitions: expected });
  });

  test('says which entry differs where the leaf hashes are gone too', async () => {
    tamper('delete from evaluations where number = 5');
    rmSync(join(folder, 'seal', 'leaves', '000000', `${'1'.padStart(12, '0')}.leaves`));
    await sealed.close();
    sealed = await openSealed().catch(() =>
      openSealedEvidence({ directory: join(folder, 'seal'), origin: ORIGIN, keys, readOnly: true }),
    );
    expect((await verify()).alteredEntries).toMatchObject([{ entry: 1, first: 5, count: 4 }]);
  });

  test('refuses to seal a store that was replaced by a shorter one', async () => {
    tamper('delete from evaluations where number > 7; update extent set last = 7');
    await expect(seal()).rejects.toThrow(
      'the store ends with evaluation 7, but 10 are sealed: it was replaced or rolled back',
    );
  });

  test('refuses to seal over a gap', async () => {
    await evidence.append([evaluation(10), evaluation(11), evaluation(12)]);
    tamper('delete from evaluations where number = 12');
    await expect(seal()).rejects.toThrow('evaluation 12 is not in the store and was never sealed');
  });

  test('keeps its proofs when retention disposes of some', async () => {
    await disposeEntries(
      sealed,
      { first: 0, last: 0, reason: 'retention of 7 years', by: 'records' },
      signers,
      new Date(),
    );
    await evidence.dispose(4);
    expect(await verify()).toMatchObject({
      verified: 6,
      disposed: 4,
      altered: [],
      alteredEntries: [],
      alteredTransitions: [],
    });
    await expect(proveEvaluation(evidence, sealed, 2)).rejects.toThrow('entry 0 was disposed of');
    expect((await proveEvaluation(evidence, sealed, 9)).index).toBe(8);
  });
});

describe('the proof of an evaluation', () => {
  const bytes = (proof: EvidenceProof | object) => Buffer.from(JSON.stringify(proof));

  test('is checked with the file and the published key, here and by a program that shares no code with us', async () => {
    const proof = await proveEvaluation(evidence, sealed, 6);
    expect(verifyEvidenceProof(bytes(proof), keys)).toMatchObject({
      ok: true,
      size: 10,
      evaluation: { control: 'AUD-03' },
    });
    expect(python(proof)).toMatchObject({ status: 0, stdout: expect.stringContaining('"value":"10000000000000001"') });
  });

  test.each([
    ['another text', (proof: EvidenceProof) => ({ ...proof, text: proof.text.replace('compliant', 'unknown') })],
    ['another place', (proof: EvidenceProof) => ({ ...proof, index: proof.index + 1 })],
    [
      'another checkpoint',
      (proof: EvidenceProof) => ({ ...proof, checkpoint: proof.checkpoint.replace('\n10\n', '\n11\n') }),
    ],
    ['another log', (proof: EvidenceProof) => ({ ...proof, origin: 'other.example/evidence' })],
  ])('does not hold with %s', async (_what, change) => {
    const changed = change(await proveEvaluation(evidence, sealed, 6));
    expect(verifyEvidenceProof(bytes(changed), keys)).toMatchObject({ ok: false });
    expect(python(changed).status).toBe(1);
  });

  test('is none of another kind', () => {
    expect(() => verifyEvidenceProof(bytes({ kop: 'audit-proof-1' }), keys)).toThrow(NoProof);
  });

  test('is not made of what was altered since', async () => {
    tamper(`update evaluations set seen = '[["0",null]]' where number = 6`);
    await expect(proveEvaluation(evidence, sealed, 6)).rejects.toThrow(
      'evaluation 6 is not as it was sealed in entry 1',
    );
  });

  function python(proof: object) {
    writeFileSync(join(folder, 'proof.json'), JSON.stringify(proof));
    writeFileSync(join(folder, 'key'), key.vkey);
    const program = join(packageRoot(), 'docs', 'verify', 'check_proof.py');
    return spawnSync('python3', [program, join(folder, 'proof.json'), join(folder, 'key')], { encoding: 'utf8' });
  }
});
