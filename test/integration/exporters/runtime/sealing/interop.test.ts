import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openCheckpoint, signCheckpoint } from '../../../../../exporters/runtime/sealing/signing/checkpoint.js';
import { generateSealKey, signersFromPem } from '../../../../../exporters/runtime/sealing/signing/keys.js';
import { openNote, parseVkey } from '../../../../../exporters/runtime/sealing/signing/note.js';
import { CompactRange, leafHash, type NodeName } from '../../../../../exporters/runtime/sealing/tree/merkle.js';
import {
  consistencyRanges,
  inclusionRanges,
  isConsistent,
  isIncluded,
  proofOf,
} from '../../../../../exporters/runtime/sealing/tree/proofs.js';

/** Both ways with golang.org/x/mod's sumdb/tlog and sumdb/note; `go run . generate > vectors.json` makes the file. */

const program = join(import.meta.dirname, '../../../../interop/tlog');
const ORIGIN = 'kingston.example/audit';

const vectors = z.object({
  records: z.array(z.string()),
  roots: z.array(z.string()),
  inclusion: z.array(z.object({ index: z.int(), size: z.int(), path: z.array(z.string()) })),
  consistency: z.array(z.object({ old: z.int(), new: z.int(), path: z.array(z.string()) })),
  notes: z.array(z.object({ vkeys: z.array(z.string()), text: z.string(), note: z.string() })),
});
type Vectors = z.infer<typeof vectors>;

const committed = readFileSync(join(program, 'vectors.json'), 'utf8');
const theirs = vectors.parse(JSON.parse(committed));
const go = ['go', '/usr/local/go/bin/go'].find(
  (command) => spawnSync(command, ['mod', 'download'], { cwd: program }).status === 0,
);

const bytes = (base64: string) => Buffer.from(base64, 'base64');
const text = (hashes: readonly Buffer[]) => hashes.map((hash) => hash.toString('base64'));

/** All trees over the first records, and a reader of their nodes. */
function trees(records: readonly string[]): { roots: string[]; node: (name: NodeName) => Buffer } {
  const leaves = records.map((record) => leafHash(record));
  const whole = CompactRange.empty.append(Buffer.concat(leaves));
  const roots = [
    CompactRange.empty,
    ...leaves.map((_, n) => CompactRange.empty.append(Buffer.concat(leaves.slice(0, n + 1))).range()),
  ];
  return { roots: roots.map((range) => range.root.toString('base64')), node: (name) => whole.node(name) };
}

function ours(): Vectors {
  const records = Array.from({ length: 70 }, (_, n) => `kop1${n}\tpublic.client\tUPDATE\t{"name": "Zoë \\\\ ${n}"}`);
  const { roots, node } = trees(records);
  const made: Vectors = { records, roots, inclusion: [], consistency: [], notes: [] };
  for (let size = 1; size <= records.length; size += 3) {
    for (let index = 0; index < size; index += 1) {
      made.inclusion.push({ index, size, path: text(proofOf(inclusionRanges(index, size), node)) });
    }
    for (let old = 1; old <= size; old += 1) {
      made.consistency.push({ old, new: size, path: text(proofOf(consistencyRanges(old, size), node)) });
    }
  }
  const keys = [generateSealKey(ORIGIN), generateSealKey(ORIGIN)];
  for (const used of [keys.slice(0, 1), keys]) {
    const root = roots[70] ?? '';
    const signers = signersFromPem(ORIGIN, used.map(({ privateKey }) => privateKey).join('\n'));
    const note = signCheckpoint({ origin: ORIGIN, size: 70, root: bytes(root) }, signers);
    made.notes.push({ vkeys: used.map(({ vkey }) => vkey), text: `${ORIGIN}\n70\n${root}\n`, note });
  }
  return made;
}

describe("Go's tlog and note verify here", () => {
  it('roots', () => {
    expect(trees(theirs.records).roots).toEqual(theirs.roots);
  });

  const rootOf = (size: number) => bytes(theirs.roots[size] ?? '');

  it('inclusion proofs', () => {
    const { node } = trees(theirs.records);
    expect(theirs.inclusion.length).toBeGreaterThan(50);
    for (const { index, size, path } of theirs.inclusion) {
      const leaf = leafHash(theirs.records[index] ?? '');
      expect(isIncluded(leaf, index, size, path.map(bytes), rootOf(size)), `${index} in ${size}`).toBe(true);
      expect(text(proofOf(inclusionRanges(index, size), node))).toEqual(path);
    }
  });

  it('consistency proofs', () => {
    const { node } = trees(theirs.records);
    expect(theirs.consistency.length).toBeGreaterThan(50);
    for (const { old, new: size, path } of theirs.consistency) {
      expect(isConsistent(old, rootOf(old), size, rootOf(size), path.map(bytes)), `${old} with ${size}`).toBe(true);
      expect(text(proofOf(consistencyRanges(old, size), node))).toEqual(path);
    }
  });

  it.each(theirs.notes)('a checkpoint signed by $vkeys.length', ({ vkeys, text: expected, note }) => {
    const keys = vkeys.map(parseVkey);
    expect(openNote(note, keys)).toMatchObject({ text: expected, signedBy: { length: vkeys.length } });
    expect(openCheckpoint(note, keys, ORIGIN).size).toBe(130);
  });
});

describe.skipIf(go === undefined)("ours verify with Go's tlog and note (skipped without Go and its module)", () => {
  const run = (verb: string, input = '') =>
    new Promise<string>((resolve, reject) => {
      const child = execFile(
        go ?? 'go',
        ['run', '.', verb],
        { cwd: program, maxBuffer: 1 << 26 },
        (error, stdout, stderr) => (error === null ? resolve(stdout) : reject(new Error(stderr, { cause: error }))),
      );
      child.stdin?.end(input);
    });

  it('roots, proofs, and notes with one and two signatures', { timeout: 120_000 }, async () => {
    await expect(run('check', JSON.stringify(ours()))).resolves.toMatch(/^71 roots, \d+ inclusion proofs/);
  });

  it('and a wrong proof does not', { timeout: 60_000 }, async () => {
    const made = ours();
    made.inclusion.push({ index: 1, size: 4, path: text([leafHash('x'), leafHash('y')]) });
    await expect(run('check', JSON.stringify(made))).rejects.toThrow('inclusion of 1 in 4');
  });

  it('the committed vectors are what the program makes', { timeout: 60_000 }, async () => {
    expect(JSON.parse(await run('generate'))).toEqual(JSON.parse(committed));
  });
});
