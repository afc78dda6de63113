import { describe, expect, test } from 'vitest';
import { Renewal } from '../../../../exporters/encryption/probe/call.js';
import { runSelfTests } from '../../../../exporters/encryption/probe/self-tests.js';
import { NotPossible, ProviderFailure } from '../../../../exporters/encryption/providers/failure.js';
import { type EncryptionError, type SelfTest, selfTests } from '../../../../pack/encryption/metrics.js';
import { fakeProvider, slowProvider } from '../../../support/encryption/fake-provider.js';

type Fake = ReturnType<typeof fakeProvider>;

async function outcomes(
  provider: Fake,
  options: { nonces?: Set<string>; skipVersions?: boolean; timeoutMs?: number } = {},
) {
  const { nonces = new Set(), timeoutMs = 500, ...rest } = options;
  const { signal: stopping } = new AbortController();
  await provider.open(stopping);
  const results = await runSelfTests(provider, { timeoutMs, stopping, renewal: new Renewal(), nonces, ...rest });
  const of = (wanted: string) => [...results].flatMap(([name, { outcome }]) => (outcome === wanted ? [name] : []));
  return { passed: of('passed'), failed: of('failed'), absent: of('absent'), results };
}

/** Those of age have tests of their own. */
const inEachRound = selfTests.filter((test) => !test.startsWith('aged_'));

const fail = (reason: EncryptionError) => () => {
  throw new ProviderFailure(reason, 'no');
};

test('a sound provider passes all of them', async () => {
  const { passed } = await outcomes(fakeProvider());
  expect(passed.toSorted()).toEqual(inEachRound.toSorted());
});

test('so does a slow one', async () => {
  const { passed } = await outcomes(slowProvider(1));
  expect(passed.toSorted()).toEqual(inEachRound.toSorted());
});

test.each([1, 2, 3, 5, 8, 13, 21, 34, 45])(
  'a provider that is not there at call %i alone passes all of them',
  async (at) => {
    let calls = 0;
    const flaky = <T>(work: () => T): T => {
      calls += 1;
      if (calls === at) throw new ProviderFailure('unavailable', 'status 500');
      return work();
    };
    const provider = fakeProvider((sound) => ({
      encrypt: (plaintext, context, call) => flaky(() => sound.encrypt(plaintext, context, call)),
      decrypt: (sealed, context, call) => flaky(() => sound.decrypt(sealed, context, call)),
    }));
    const { passed } = await outcomes(provider);
    expect(calls).toBeGreaterThan(at);
    expect(passed.toSorted()).toEqual(inEachRound.toSorted());
  },
);

test('one refusal by a server that does not know its own key yet is no loss of an old version', async () => {
  let refusals = 0;
  const provider = fakeProvider((sound) => ({
    decrypt: (sealed, context, call) => {
      if (sealed.keyVersion === '1' && calls.newer && refusals === 0) {
        refusals += 1;
        throw new ProviderFailure('auth', 'status 401');
      }
      return sound.decrypt(sealed, context, call);
    },
    encrypt: (plaintext, context, call) => {
      calls.newer ||= call.keyVersion === '2';
      return sound.encrypt(plaintext, context, call);
    },
  }));
  const calls = { newer: false };
  const { failed } = await outcomes(provider);
  expect(refusals).toBe(1);
  expect(failed).toEqual([]);
});

describe('a provider that fails at everything passes nothing', () => {
  test('refusing what it made', async () => {
    const { passed, failed } = await outcomes(fakeProvider(() => ({ decrypt: fail('integrity') })));
    expect(passed).toEqual([]);
    expect(failed).toEqual(['round_trip']);
  });

  test.each(['timeout', 'unavailable', 'throttled', 'protocol', 'auth'] as const)(
    'nor fails at anything, saying %s',
    async (reason) => {
      const { passed, failed, absent } = await outcomes(fakeProvider(() => ({ decrypt: fail(reason) })));
      expect({ passed, failed, absent }).toEqual({ passed: [], failed: [], absent: ['round_trip'] });
    },
  );

  test('from its third decryption on', async () => {
    let calls = 0;
    const provider = fakeProvider((sound) => ({
      decrypt: (sealed, context, call) => {
        calls += 1;
        if (calls > 2) throw new ProviderFailure('integrity', 'no');
        return sound.decrypt(sealed, context, call);
      },
    }));
    const { passed, failed } = await outcomes(provider);
    expect(passed).toEqual(['round_trip', 'nonce_unique']);
    expect(failed).toEqual([]);
  });

  test('for a while: what was rejected in that time proves nothing', async () => {
    let calls = 0;
    const provider = fakeProvider((sound) => ({
      decrypt: (sealed, context, call) => {
        calls += 1;
        // The six rejections of the first test, and the control after them.
        if (calls >= 3 && calls <= 9) throw new ProviderFailure('integrity', 'no');
        return sound.decrypt(sealed, context, call);
      },
    }));
    const { passed, absent } = await outcomes(provider);
    expect(absent).toEqual(['tamper_ciphertext']);
    expect(passed).toHaveLength(inEachRound.length - 1);
  });
});

describe('what each test finds', () => {
  const plaintext = Buffer.from('anything');
  const changedIn = (part: 'body' | 'tag') => (sound: Fake) => {
    const right = new Map<string, Buffer>();
    return {
      encrypt: (clear: Buffer, context: Buffer, call: Parameters<Fake['encrypt']>[2]) => {
        const sealed = sound.encrypt(clear, context, call);
        if (!(sealed instanceof Promise)) right.set(sealed.nonce.toString('hex'), sealed[part]);
        return sealed;
      },
      // Takes a change of this part for no change.
      decrypt: (...[sealed, context, call]: Parameters<Fake['decrypt']>) =>
        sound.decrypt({ ...sealed, [part]: right.get(sealed.nonce.toString('hex')) ?? sealed[part] }, context, call),
    };
  };

  const cases: readonly (readonly [what: string, over: (sound: Fake) => Partial<Fake>, failed: readonly SelfTest[]])[] =
    [
      ['the plaintext comes back changed', () => ({ decrypt: () => Buffer.from(plaintext) }), ['round_trip']],
      ['a changed ciphertext is accepted', changedIn('body'), ['tamper_ciphertext']],
      ['a changed tag is accepted, and a shortened one', changedIn('tag'), ['tamper_tag', 'truncated']],
      [
        'no context is bound',
        (sound) => ({
          encrypt: (clear, _, call) => sound.encrypt(clear, Buffer.alloc(0), call),
          decrypt: (sealed, _, call) => sound.decrypt(sealed, Buffer.alloc(0), call),
        }),
        ['wrong_aad', 'replayed_other_row'],
      ],
      [
        'the table is bound, and the row is not',
        (sound) => ({
          encrypt: (clear, context, call) => sound.encrypt(clear, rowless(context), call),
          decrypt: (sealed, context, call) => sound.decrypt(sealed, rowless(context), call),
        }),
        ['replayed_other_row'],
      ],
      [
        'a nonce is used again',
        (sound) => ({ anatomy: { ...sound.anatomy, dissect: (sealed) => ({ ...sealed, nonce: Buffer.alloc(12) }) } }),
        ['nonce_unique'],
      ],
      [
        'any key will do',
        (sound) => {
          const versions = new Map<string, string>();
          return {
            encrypt: (clear, context, call) => {
              const sealed = sound.encrypt(clear, context, call);
              if (!(sealed instanceof Promise)) versions.set(sealed.nonce.toString('hex'), sealed.keyVersion);
              return sealed;
            },
            decrypt: (sealed, context, call) => {
              const keyVersion = versions.get(sealed.nonce.toString('hex')) ?? sealed.keyVersion;
              return sound.decrypt({ ...sealed, keyVersion }, context, call);
            },
          };
        },
        ['wrong_key'],
      ],
      [
        'old versions are lost',
        (sound) => {
          let newest = 0;
          return {
            decrypt: (sealed, context, call) => {
              newest = Math.max(newest, Number(sealed.keyVersion));
              if (Number(sealed.keyVersion) < newest) throw new ProviderFailure('auth', 'no such version');
              return sound.decrypt(sealed, context, call);
            },
          };
        },
        ['old_version_decrypts'],
      ],
      [
        'revoking does nothing',
        ({ versions }) => ({ versions: { pair: versions?.pair ?? never, revoke: () => Promise.resolve() } }),
        ['revoked_version_fails'],
      ],
    ];

  test.each(cases)('%s', async (_, over, expected) => {
    const { failed } = await outcomes(fakeProvider(over));
    expect(failed.toSorted()).toEqual(expected.toSorted());
  });
});

describe('a test that cannot be made is absent', () => {
  test('without contexts, versions and nonces', async () => {
    const provider = fakeProvider((sound) => ({
      bindsContext: false,
      versions: undefined,
      anatomy: { ...sound.anatomy, dissect: ({ body }) => ({ body }) },
    }));
    const { passed, failed, absent } = await outcomes(provider);
    expect(passed).toEqual([
      'round_trip',
      'tamper_ciphertext',
      'truncated',
      'plaintext_hidden',
      'ciphertexts_unrelated',
    ]);
    expect(failed).toEqual([]);
    expect(absent).toEqual(['wrong_aad', 'replayed_other_row', 'nonce_unique']);
  });

  test('where versions may not be made, with the reason', async () => {
    const versions = { pair: () => Promise.reject(new NotPossible('the token may not rotate')) };
    const { absent, results } = await outcomes(fakeProvider(() => ({ versions })));
    expect(absent.toSorted()).toEqual(['old_version_decrypts', 'revoked_version_fails', 'wrong_key']);
    expect(results.get('wrong_key')?.why).toBe('the token may not rotate');
  });

  test('where a revoked version cannot be restored', async () => {
    const provider = fakeProvider(({ versions }) => ({
      versions: {
        pair: versions?.pair ?? never,
        ...(versions?.revoke === undefined ? {} : { revoke: versions.revoke }),
        restore: () => Promise.reject(new ProviderFailure('unavailable', 'gone')),
      },
    }));
    const { absent } = await outcomes(provider);
    expect(absent).toEqual(['revoked_version_fails']);
  });

  test('of convergent keys, whose nonces repeat by design', async () => {
    const provider = fakeProvider((sound) => ({ anatomy: { ...sound.anatomy, isConvergent: true } }));
    expect((await outcomes(provider)).absent).toEqual(['nonce_unique']);
  });

  test('when a call takes too long', async () => {
    let calls = 0;
    const provider = slowProvider(0, (sound) => ({
      decrypt: (sealed, context, call) => {
        calls += 1;
        return calls === 3 ? new Promise<Buffer>(() => {}) : Promise.resolve(sound.decrypt(sealed, context, call));
      },
    }));
    const { absent, failed } = await outcomes(provider, { timeoutMs: 50 });
    expect({ absent, failed }).toEqual({ absent: ['tamper_ciphertext'], failed: [] });
  });
});

test('a nonce of an earlier round is known', async () => {
  const nonces = new Set<string>();
  let count = 0;
  const counting = () =>
    fakeProvider((sound) => ({
      anatomy: {
        ...sound.anatomy,
        dissect: (sealed) => ({ ...sealed, nonce: Buffer.from(String(count++)) }),
      },
    }));
  expect((await outcomes(counting(), { nonces })).failed).toEqual([]);
  count = 0;
  const again = await outcomes(counting(), { nonces });
  expect(again.failed).toEqual(['nonce_unique']);
});

function rowless(context: Buffer): Buffer {
  return Buffer.from(context.toString().replace(/row-\d/, ''));
}

function never(): never {
  throw new Error('not reached');
}
