import { AwsClient } from 'aws4fetch';
import type { Anchor } from '../../../../pack/audit-model.js';
import { sha256 } from '../merkle.js';
import {
  AnchorConflict,
  type AnchoredEntry,
  type AnchorTarget,
  entryName,
  type MissedEntries,
  originName,
} from './anchor.js';

type S3 = Extract<Anchor, { kind: 's3' }>;

const REQUEST_MS = 20_000;
const DAY_MS = 86_400_000;

/**
 * Each entry an object of its own, under a retention lock in COMPLIANCE mode: nobody can remove or replace it before
 * its time, not even the account's owner. Three requests are all it takes, so a signer (aws4fetch, no dependencies)
 * does, and not the SDK of several megabytes.
 */
export class S3Anchor implements AnchorTarget {
  readonly name: string;
  readonly #anchor: S3;
  readonly #folder: string;
  readonly #now: () => Date;

  constructor(anchor: S3, origin: string, now: () => Date = () => new Date()) {
    this.name = anchor.name;
    this.#anchor = anchor;
    this.#folder = `${anchor.prefix.replace(/\/+$/, '')}/${originName(origin)}/`.replace(/^\/+/, '');
    this.#now = now;
  }

  async publish(entry: AnchoredEntry, _missed: MissedEntries, signal: AbortSignal): Promise<void> {
    const { retainDays } = this.#anchor;
    const key = this.#key(entry.seq);
    const stored = await this.#get(key, signal);
    if (stored === undefined) {
      const response = await this.#request(key, signal, {
        method: 'PUT',
        body: `${entry.line}\n`,
        headers: {
          'content-type': 'application/json',
          'if-none-match': '*',
          // S3 takes a locked object only with a checksum, and wants the checksum's kind named beside it.
          'x-amz-sdk-checksum-algorithm': 'SHA256',
          'x-amz-checksum-sha256': sha256(`${entry.line}\n`).toString('base64'),
          'x-amz-object-lock-mode': 'COMPLIANCE',
          'x-amz-object-lock-retain-until-date': new Date(this.#now().getTime() + retainDays * DAY_MS).toISOString(),
        },
      });
      if (response.ok) return await discard(response);
      // 412: someone else was there first.
      if (response.status !== 412) throw await failure(response, `storing ${key} in bucket ${this.#anchor.bucket}`);
      await discard(response);
    }
    if ((stored ?? (await this.#get(key, signal))) !== `${entry.line}\n`) {
      throw new AnchorConflict(
        `object ${key} in bucket ${this.#anchor.bucket} is another entry ${entry.seq} than the log's: it was forked`,
      );
    }
  }

  async newest(seq: number, signal: AbortSignal): Promise<string | undefined> {
    // Listed from where the log is believed to end; what is beyond shows that the log was rolled back.
    let after = seq > 0 ? this.#key(seq - 1) : this.#folder;
    let newest: string | undefined;
    for (;;) {
      const keys = await this.#list(after, signal);
      const last = keys.at(-1);
      if (last === undefined) break;
      newest = last;
      after = last;
    }
    return newest === undefined ? undefined : (await this.#get(newest, signal))?.replace(/\n$/, '');
  }

  #key(seq: number): string {
    return `${this.#folder}${entryName(seq)}.jsonl`;
  }

  async #get(key: string, signal: AbortSignal): Promise<string | undefined> {
    const response = await this.#request(key, signal);
    if (response.status === 404) {
      await discard(response);
      return undefined;
    }
    if (!response.ok) throw await failure(response, `reading ${key} from bucket ${this.#anchor.bucket}`);
    return await response.text();
  }

  async #list(after: string, signal: AbortSignal): Promise<readonly string[]> {
    const query = new URLSearchParams({ 'list-type': '2', prefix: this.#folder, 'start-after': after });
    const response = await this.#request(`?${query}`, signal);
    if (!response.ok) throw await failure(response, `listing bucket ${this.#anchor.bucket}`);
    // Our own keys hold nothing that XML would escape; the folder's characters were chosen so.
    return [...(await response.text()).matchAll(/<Key>([^<]+)<\/Key>/g)].flatMap(([, key]) =>
      key === undefined ? [] : [key],
    );
  }

  async #request(keyOrQuery: string, signal: AbortSignal, init: RequestInit = {}): Promise<Response> {
    const { accessKeyId, secretAccessKey, region, endpoint, bucket } = this.#anchor;
    // Made for each request: credentials may have been rotated.
    const client = new AwsClient({
      accessKeyId: accessKeyId.reveal(),
      secretAccessKey: secretAccessKey.reveal(),
      region,
      service: 's3',
      // Trying again is the anchoring loop's business.
      retries: 0,
    });
    const base =
      endpoint === undefined
        ? `https://${bucket}.s3.${region}.amazonaws.com`
        : `${endpoint.replace(/\/+$/, '')}/${bucket}`;
    const request = await client.sign(`${base}/${keyOrQuery}`, init);
    return fetch(request, { redirect: 'error', signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]) });
  }
}

async function discard(response: Response): Promise<void> {
  await response.body?.cancel();
}

/** S3 says what is wrong in its own words; the code is what an operator can search for. */
async function failure(response: Response, doing: string): Promise<Error> {
  const [, code] = /<Code>([^<]+)<\/Code>/.exec(await response.text()) ?? [];
  return new Error(`${doing} failed: ${response.status}${code === undefined ? '' : ` ${code}`}`);
}
