import { createPrivateKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
} from '../../../../../exporters/runtime/sealing/signing/checkpoint.js';
import { generateSealKey, signersFromPem } from '../../../../../exporters/runtime/sealing/signing/keys.js';
import { openNote, parseNote, parseVkey, signNote } from '../../../../../exporters/runtime/sealing/signing/note.js';
import { emptyRoot } from '../../../../../exporters/runtime/sealing/tree/merkle.js';

const ORIGIN = 'kingston.example/audit';
// The example of the signed-note specification's reference implementation.
const PETER = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const SAID = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const SIGNED = `${SAID}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

const key = generateSealKey(ORIGIN);
const [signer] = signersFromPem(ORIGIN, key.privateKey);
if (signer === undefined) throw new Error('no signer');
const known = [signer.verifier];

describe('signed notes', () => {
  it('opens the reference example, key id and all', () => {
    const opened = openNote(SIGNED, [parseVkey(PETER)]);
    expect(opened.text).toBe(SAID);
    expect(opened.signedBy.map(({ keyId }) => keyId)).toEqual(['c74f20a3']);
  });

  it('opens what it signed, and publishes the key that fits', () => {
    expect(parseVkey(key.vkey).vkey).toBe(signer.verifier.vkey);
    expect(openNote(signNote('one\n\ntwo\n', [signer]), [parseVkey(key.vkey)]).text).toBe('one\n\ntwo\n');
  });

  it('lets either key of a rotation open a note that both signed', () => {
    const next = generateSealKey(ORIGIN);
    const both = signersFromPem(ORIGIN, `${next.privateKey}\n${key.privateKey}`);
    const note = signNote('text\n', both);
    for (const vkey of [next.vkey, key.vkey]) expect(openNote(note, [parseVkey(vkey)]).signedBy).toHaveLength(1);
    expect(openNote(note, [parseVkey(next.vkey), parseVkey(key.vkey)]).signedBy).toHaveLength(2);
  });

  const stranger = generateSealKey(ORIGIN);
  const note = signNote('text\n', [signer]);
  it.each([
    ['an unknown key', signNote('text\n', signersFromPem(ORIGIN, stranger.privateKey)), 'no known key signed'],
    ['another text', note.replace('text', 'texd'), 'does not fit the text'],
    ['no empty line', 'text\n', 'malformed note'],
    ['a cut signature line', note.slice(0, -6), 'malformed note'],
    ['a second spelling of a signature', note.replace('=\n', '\n'), 'malformed note'],
    ['control characters', note.replace('text', 'te\u0007t'), 'malformed note'],
  ])('refuses a note with %s', (_name, given, message) => {
    expect(() => openNote(given, known)).toThrow(message);
  });

  it.each([
    ['without a name', key.vkey.slice(ORIGIN.length)],
    ['with the wrong key id', key.vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
    ['of another algorithm', `${ORIGIN}+00000000+${Buffer.alloc(33, 2).toString('base64')}`],
    ['that is none', 'hello'],
  ])('refuses a verifier key %s', (_name, vkey) => {
    expect(() => parseVkey(vkey)).toThrow('verifier key');
  });

  it('never shows a private key that it cannot read', () => {
    expect(() => signersFromPem(ORIGIN, 'hunter2')).toThrow(/^(?!.*hunter2)/);
    const rsa = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----';
    expect(() => signersFromPem(ORIGIN, rsa)).toThrow(/^(?!.*AAAA)/);
    expect(createPrivateKey(key.privateKey).asymmetricKeyType).toBe('ed25519');
  });

  it('refuses to sign what no one could open', () => {
    expect(() => signNote('no newline', [signer])).toThrow('must end with a newline');
    expect(() => parseNote(`${'a'.repeat(10)}\n\nx\n`)).toThrow('signature line');
  });
});

describe('checkpoints', () => {
  it('round-trips, and passes over extension lines', () => {
    const checkpoint = { origin: ORIGIN, size: 2 ** 40, root: emptyRoot };
    expect(openCheckpoint(signCheckpoint(checkpoint, [signer]), known, ORIGIN)).toEqual(checkpoint);
    expect(parseCheckpoint(`${ORIGIN}\n0\n${emptyRoot.toString('base64')}\nextension\n`).size).toBe(0);
  });

  it('is of one log only', () => {
    const note = signCheckpoint({ origin: 'other', size: 0, root: emptyRoot }, [signer]);
    expect(() => openCheckpoint(note, known, ORIGIN)).toThrow('this checkpoint is of "other"');
  });

  it.each([['a\n01\nAAAA\n'], ['a\n1\nAAAA\n'], ['a\n-1\n'], ['\n1\n']])('refuses %j', (text) => {
    expect(() => parseCheckpoint(text)).toThrow('malformed checkpoint');
  });
});
