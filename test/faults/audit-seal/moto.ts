import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsClient } from 'aws4fetch';
import { freePort } from '../../../demo/postgres/ports.js';

/** moto's S3 server (PyPI: `moto[server]`); KOP_MOTO_SERVER names it when it is not on the PATH. */
export const motoServer: string | undefined = [process.env.KOP_MOTO_SERVER, 'moto_server'].find(
  (program) => program !== undefined && spawnSync(program, ['--help']).status === 0,
);

export class Moto {
  readonly endpoint: string;
  readonly client = new AwsClient({ accessKeyId: 'test', secretAccessKey: 'test', region: 'eu-west-2', service: 's3' });
  readonly #child: ChildProcess;

  private constructor(endpoint: string, child: ChildProcess) {
    this.endpoint = endpoint;
    this.#child = child;
  }

  static async open(): Promise<Moto> {
    const port = await freePort();
    const child = spawn(motoServer ?? 'moto_server', ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
    const moto = new Moto(`http://127.0.0.1:${port}`, child);
    for (const end = Date.now() + 30_000; Date.now() < end; await sleep(100)) {
      if (
        await fetch(moto.endpoint).then(
          () => true,
          () => false,
        )
      )
        return moto;
    }
    moto.close();
    throw new Error('moto_server does not answer');
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

  close(): void {
    this.#child.kill('SIGKILL');
  }
}
