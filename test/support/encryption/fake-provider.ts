import type { AeadSealed } from '../../../exporters/encryption/providers/aead.js';
import { LocalCipher } from '../../../exporters/encryption/providers/local.js';
import type { Provider, ProviderCall } from '../../../exporters/encryption/providers/provider.js';

type LocalLike = Provider<AeadSealed>;

/** A sound provider in which a test replaces what it wants to see go wrong. */
export function fakeProvider(over: (sound: LocalLike) => Partial<LocalLike> = () => ({})): LocalLike {
  const sound: LocalLike = new LocalCipher();
  const base: LocalLike = {
    isSynchronous: true,
    isComputation: true,
    bindsContext: true,
    anatomy: sound.anatomy,
    versions: sound.versions,
    open: (signal) => sound.open(signal),
    encrypt: (plaintext, context, call) => sound.encrypt(plaintext, context, call),
    decrypt: (sealed, context, call) => sound.decrypt(sealed, context, call),
    close: () => sound.close(),
  };
  return { ...base, ...over(sound) };
}

/** The same, and each call takes this long on the event loop. */
export function slowProvider(delayMs: number, over: (sound: LocalLike) => Partial<LocalLike> = () => ({})): LocalLike {
  return fakeProvider((sound) => {
    const later = <T>(work: () => T | Promise<T>, { signal }: ProviderCall) =>
      new Promise<T>((resolve, reject) => {
        const timer = setTimeout(() => {
          try {
            resolve(work());
          } catch (error) {
            reject(error);
          }
        }, delayMs);
        signal.addEventListener('abort', () => {
          clearTimeout(timer);
          reject(signal.reason);
        });
      });
    return {
      isSynchronous: false,
      isComputation: false,
      encrypt: (plaintext, context, call) => later(() => sound.encrypt(plaintext, context, call), call),
      decrypt: (sealed, context, call) => later(() => sound.decrypt(sealed, context, call), call),
      ...over(sound),
    };
  });
}
