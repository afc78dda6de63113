import { AwsClient } from 'aws4fetch';
import type { Anchor } from '../../../../pack/sealing/model.js';
import { sha256 } from '../tree/merkle.js';
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
/** Less than a page of a list. */
const STEP_BACK = 900;

interface Version {
  readonly key: string;
  readonly id: string;
}

/**
 * Each entry an object of its own, under a retention lock in COMPLIANCE mode: nobody can remove or replace it before
 * its time, not even the account's owner. Three kinds of request are all it takes, so a signer (aws4fetch, no dependencies)
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
    let stored = await this.#first(key, signal);
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
      stored = await this.#first(key, signal);
    }
    if (stored !== `${entry.line}\n`) {
      throw new AnchorConflict(
        `object ${key} in bucket ${this.#anchor.bucket} is another entry ${entry.seq} than the log's: it was forked`,
      );
    }
  }

  async newest(seq: number, signal: AbortSignal): Promise<string | undefined> {
    // Listed from where the log is believed to end: what is beyond shows that the log was rolled back. Before that only
    // when there is nothing, because a year has half a million entries.
    for (const from of new Set([seq, Math.max(0, seq - STEP_BACK), 0])) {
      const newest = await this.#last(from > 0 ? { 'key-marker': this.#key(from - 1) } : {}, signal);
      if (newest !== undefined) return (await this.#read(newest, signal)).replace(/\n$/, '');
    }
    return undefined;
  }

  #key(seq: number): string {
    return `${this.#folder}${entryName(seq)}.jsonl`;
  }

  /** As it was first stored, whatever was put over it since. */
  async #first(key: string, signal: AbortSignal): Promise<string | undefined> {
    let first: Version | undefined;
    for await (const version of this.#versions({ prefix: key }, signal)) if (version.key === key) first = version;
    return first === undefined ? undefined : this.#read(first, signal);
  }

  async #last(after: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Version | undefined> {
    let last: Version | undefined;
    for await (const version of this.#versions({ prefix: this.#folder, ...after }, signal)) last = version;
    return last;
  }

  /**
   * By key, and the versions of each from the newest to the first. Not the plain list of objects: a lock keeps every
   * version, but anybody who may delete can put a marker over it, and then the object is in that list no more.
   */
  async *#versions(query: Readonly<Record<string, string>>, signal: AbortSignal): AsyncGenerator<Version> {
    let marker: Readonly<Record<string, string>> = {};
    for (;;) {
      const response = await this.#request(`?versions&${new URLSearchParams({ ...query, ...marker })}`, signal);
      if (!response.ok) throw await failure(response, `listing bucket ${this.#anchor.bucket} with its versions`);
      const text = await response.text();
      // Our own keys hold nothing that XML would escape; the folder's characters were chosen so.
      for (const [, version = ''] of text.matchAll(/<Version>(.*?)<\/Version>/gs)) {
        const key = element(version, 'Key');
        const id = element(version, 'VersionId');
        if (key !== undefined && id !== undefined) yield { key, id };
      }
      const next = element(text, 'NextKeyMarker');
      if (element(text, 'IsTruncated') !== 'true' || next === undefined) return;
      const id = element(text, 'NextVersionIdMarker');
      marker = { 'key-marker': next, ...(id === undefined ? {} : { 'version-id-marker': id }) };
    }
  }

  async #read({ key, id }: Version, signal: AbortSignal): Promise<string> {
    const response = await this.#request(`${key}?${new URLSearchParams({ versionId: id })}`, signal);
    if (!response.ok) throw await failure(response, `reading ${key} from bucket ${this.#anchor.bucket}`);
    return await response.text();
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

function element(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml)?.[1];
}

async function discard(response: Response): Promise<void> {
  await response.body?.cancel();
}

/** The error code of S3, which an operator can search for. */
async function failure(response: Response, doing: string): Promise<Error> {
  const [, code] = /<Code>([^<]+)<\/Code>/.exec(await response.text()) ?? [];
  return new Error(`${doing} failed: ${response.status}${code === undefined ? '' : ` ${code}`}`);
}
