import { AwsClient } from 'aws4fetch';
import { motoProgram, startMoto } from '../../../support/encryption/moto.js';

/** moto's S3, with requests signed for it. */
export class MotoS3 {
  readonly endpoint: string;
  readonly client = new AwsClient({ accessKeyId: 'test', secretAccessKey: 'test', region: 'eu-west-2', service: 's3' });
  readonly close: () => Promise<void>;

  private constructor(endpoint: string, close: () => Promise<void>) {
    this.endpoint = endpoint;
    this.close = close;
  }

  static async open(): Promise<MotoS3> {
    const { url, stop } = await startMoto(motoProgram ?? 'moto_server');
    return new MotoS3(url, stop);
  }

  async makeBucket(name: string): Promise<void> {
    const headers = { 'x-amz-bucket-object-lock-enabled': 'true' };
    const body =
      '<CreateBucketConfiguration><LocationConstraint>eu-west-2</LocationConstraint></CreateBucketConfiguration>';
    const response = await this.request(name, { method: 'PUT', headers, body });
    if (!response.ok) throw new Error(`no bucket: ${response.status} ${await response.text()}`);
  }

  request(path: string, init?: RequestInit): Promise<Response> {
    return this.client.fetch(`${this.endpoint}/${path}`, init);
  }
}
