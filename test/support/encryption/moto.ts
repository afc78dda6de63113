import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { onPath } from './on-path.js';
import { freePort } from './ports.js';

/** PyPI's package `moto[server]`: KOP_MOTO_SERVER names the program when it is not on the PATH. */
export const motoProgram: string | undefined =
  process.env.KOP_MOTO_SERVER ?? (onPath('moto_server') ? 'moto_server' : undefined);

export interface Moto {
  readonly url: string;
  stop(): Promise<void>;
}

/** An emulator of AWS: its answers are AWS's in form, and it checks neither signatures nor policies. */
export async function startMoto(program: string): Promise<Moto> {
  const port = await freePort();
  const child = spawn(program, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 300; tries += 1) {
    if (failure !== undefined) throw new Error(`${program} could not be started: ${failure.message}`);
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`);
    const answer = await fetch(`${url}/moto-api/data.json`).catch(() => undefined);
    if (answer?.ok === true) {
      return {
        url,
        async stop() {
          const ended = new Promise((resolve) => child.once('exit', resolve));
          child.kill('SIGKILL');
          await ended;
        },
      };
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill('SIGKILL');
  throw new Error(`${program} did not answer within 30 s`);
}

/** Whether the optional dependency was installed. */
export function isInstalled(name: string): boolean {
  try {
    // Loaded, not only found: an addon may be there and not built.
    createRequire(import.meta.url)(name);
    return true;
  } catch {
    return false;
  }
}
