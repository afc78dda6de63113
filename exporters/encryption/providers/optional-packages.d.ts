/**
 * What we use of optional packages, so that the pack builds where they are not installed: npm leaves one out without a
 * word when it cannot build it, and everybody may leave them out. These declarations hold also where the package is
 * installed, so that nobody comes to use more of it without saying so here.
 */

declare module 'pkcs11js' {
  export type Handle = Buffer;

  export interface Mechanism {
    readonly mechanism: number;
    readonly parameter?: AesGCM;
  }

  export interface AesGCM {
    readonly type: number;
    readonly iv: Buffer;
    readonly aad: Buffer;
    readonly ivBits: number;
    readonly tagBits: number;
  }

  export interface Attribute {
    readonly type: number;
    readonly value: number | boolean | string | Buffer;
  }

  export interface TokenInfo {
    readonly label: string;
    readonly serialNumber: string;
    readonly flags: number;
  }

  export class PKCS11 {
    load(path: string): void;
    close(): void;
    C_Initialize(options: { readonly flags: number }): void;
    C_Finalize(): void;
    C_GetSlotList(tokenPresent: boolean): Handle[];
    C_GetTokenInfo(slot: Handle): TokenInfo;
    C_OpenSession(slot: Handle, flags: number): Handle;
    C_CloseSession(session: Handle): void;
    C_Login(session: Handle, userType: number, pin: string): void;
    C_Logout(session: Handle): void;
    C_FindObjectsInit(session: Handle, template: readonly Attribute[]): void;
    C_FindObjects(session: Handle): Handle | null;
    C_FindObjectsFinal(session: Handle): void;
    C_GenerateKey(session: Handle, mechanism: Mechanism, template: readonly Attribute[]): Handle;
    C_DestroyObject(session: Handle, object: Handle): void;
    C_EncryptInit(session: Handle, mechanism: Mechanism, key: Handle): void;
    C_Encrypt(session: Handle, plaintext: Buffer, out: Buffer): Buffer;
    C_DecryptInit(session: Handle, mechanism: Mechanism, key: Handle): void;
    C_Decrypt(session: Handle, ciphertext: Buffer, out: Buffer): Buffer;
  }

  export const CKF_OS_LOCKING_OK: number;
  export const CKF_RW_SESSION: number;
  export const CKF_SERIAL_SESSION: number;
  export const CKF_USER_PIN_COUNT_LOW: number;
  export const CKF_USER_PIN_FINAL_TRY: number;
  export const CKF_USER_PIN_LOCKED: number;
  export const CKU_USER: number;
  export const CKA_CLASS: number;
  export const CKA_DECRYPT: number;
  export const CKA_ENCRYPT: number;
  export const CKA_EXTRACTABLE: number;
  export const CKA_KEY_TYPE: number;
  export const CKA_LABEL: number;
  export const CKA_PRIVATE: number;
  export const CKA_SENSITIVE: number;
  export const CKA_TOKEN: number;
  export const CKA_VALUE_LEN: number;
  export const CKK_AES: number;
  export const CKM_AES_GCM: number;
  export const CKM_AES_KEY_GEN: number;
  export const CKO_SECRET_KEY: number;
  export const CK_PARAMS_AES_GCM: number;
}

declare module '@aws-sdk/client-kms' {
  export interface KMSClientConfig {
    readonly region: string;
    readonly maxAttempts?: number;
    readonly endpoint?: string;
    readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  }

  interface Command<Output> {
    readonly input: object;
    /** Never there: it ties an answer to its command. */
    readonly output?: Output;
  }

  type EncryptionContext = Readonly<Record<string, string>>;

  export class KMSClient {
    constructor(config: KMSClientConfig);
    send<Output>(command: Command<Output>, options?: { readonly abortSignal?: AbortSignal }): Promise<Output>;
    destroy(): void;
  }

  export class GenerateDataKeyCommand implements Command<{ Plaintext?: Uint8Array; CiphertextBlob?: Uint8Array }> {
    constructor(input: { KeyId: string; KeySpec: 'AES_256'; EncryptionContext: EncryptionContext });
    readonly input: object;
    readonly output?: { Plaintext?: Uint8Array; CiphertextBlob?: Uint8Array };
  }

  export class DecryptCommand implements Command<{ Plaintext?: Uint8Array }> {
    constructor(input: { KeyId: string; CiphertextBlob: Uint8Array; EncryptionContext: EncryptionContext });
    readonly input: object;
    readonly output?: { Plaintext?: Uint8Array };
  }

  export class CreateKeyCommand implements Command<{ KeyMetadata?: { KeyId?: string } }> {
    constructor(input: object);
    readonly input: object;
    readonly output?: { KeyMetadata?: { KeyId?: string } };
  }
}
