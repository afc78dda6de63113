import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EvaluationDocument } from '../../../../../exporters/compliance/evidence/document.js';
import { disposeExpired, disposeExpiredSealed } from '../../../../../exporters/compliance/evidence/retention.js';
import {
  openSealedEvidence,
  type SealedEvidence,
  verifySealedEvidence,
} from '../../../../../exporters/compliance/evidence/seal/evidence-log.js';
import { sealEvaluations } from '../../../../../exporters/compliance/evidence/seal/seal-evaluations.js';
import { verifyEvaluations } from '../../../../../exporters/compliance/evidence/seal/verify-evaluations.js';
import { openEmbeddedStore } from '../../../../../exporters/compliance/evidence/store/embedded.js';
import type { EvidenceStore } from '../../../../../exporters/compliance/evidence/store/store.js';
import { disposeEntries } from '../../../../../exporters/runtime/sealing/log/disposal.js';
import { generateSealKey, signersFromPem } from '../../../../../exporters/runtime/sealing/signing/keys.js';
import { parseVkey } from '../../../../../exporters/runtime/sealing/signing/note.js';
import { evaluationOn } from '../../../../support/compliance/evaluations.js';

const ORIGIN = 'kingston.example/evidence';
const key = generateSealKey(ORIGIN);
const signers = signersFromPem(ORIGIN, key.privateKey);
const keys = [parseVkey(key.vkey)];
const { signal } = new AbortController();
const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 2, 1);
/** At noon of the tenth day six evaluations are older than four days. */
const now = new Date(START + 9.5 * DAY_MS);
const retentionDays = 4;

let folder: string;
let evidence: EvidenceStore;
let sealed: SealedEvidence;

const onDay = (day: number): EvaluationDocument => ({
  ...evaluationOn(0),
  at: new Date(START + day * DAY_MS).toISOString(),
});
const dispose = () => disposeExpiredSealed({ evidence, sealed, signers, retentionDays, now, signal });
const verified = () => verifyEvaluations({ evidence, sealed, signal });

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kop-retention-'));
  evidence = await openEmbeddedStore(folder);
  sealed = await openSealedEvidence({ directory: join(folder, 'seal'), origin: ORIGIN, keys });
  await evidence.append(Array.from({ length: 10 }, (_, day) => onDay(day)));
  await sealEvaluations({ evidence, sealed, signers, now: () => now, signal, maxPerEntry: 4 });
});
afterEach(async () => {
  await sealed.close();
  await evidence.close();
  rmSync(folder, { recursive: true });
});

test('without a seal, what is older than the retention goes, and nothing younger', async () => {
  await disposeExpired({ evidence, retentionDays, now, signal });
  expect(await evidence.extent()).toMatchObject({ last: 10, disposedUpTo: 6, oldestAt: new Date(START + 6 * DAY_MS) });
  await disposeExpired({ evidence, retentionDays: 2555, now, signal });
  expect((await evidence.extent()).disposedUpTo).toBe(6);
});

test('an evaluation with an older date behind one that must be kept stays', async () => {
  await evidence.append([onDay(0)]);
  await disposeExpired({ evidence, retentionDays, now, signal });
  expect((await evidence.read(0, 20)).map(({ number }) => number)).toEqual([7, 8, 9, 10, 11]);
});

test('of sealed evidence whole entries go, with a signed statement, and the rest can be verified', async () => {
  await dispose();
  expect((await evidence.extent()).disposedUpTo).toBe(4);
  expect(await verified()).toMatchObject({
    verified: 6,
    disposed: 4,
    altered: [],
    alteredEntries: [],
    alteredTransitions: [],
  });
  const entries = sealed.index.length;
  await dispose();
  expect(sealed.index.length).toBe(entries);
  expect(await verifySealedEvidence({ path: sealed.logPath, origin: ORIGIN, keys })).toMatchObject({
    ok: true,
    failures: [],
  });
});

test('what a crash left behind the statement goes with the next run', async () => {
  await disposeEntries(
    sealed,
    { first: 0, last: 0, reason: 'retention of 4 days', by: 'evidence.retention' },
    signers,
    now,
  );
  expect((await evidence.extent()).disposedUpTo).toBe(0);
  await dispose();
  expect((await evidence.extent()).disposedUpTo).toBe(4);
  expect(await verified()).toMatchObject({ verified: 6, disposed: 4, altered: [] });
});

test('later entries follow when their time has come', async () => {
  await dispose();
  const later = new Date(START + 30 * DAY_MS);
  await disposeExpiredSealed({ evidence, sealed, signers, retentionDays, now: later, signal });
  expect((await evidence.extent()).disposedUpTo).toBe(10);
  await evidence.append([onDay(30)]);
  await sealEvaluations({ evidence, sealed, signers, now: () => later, signal, maxPerEntry: 4 });
  expect(await verified()).toMatchObject({ verified: 1, disposed: 10, altered: [], unsealed: 0 });
});
