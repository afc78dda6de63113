import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode } from '../../error-code.js';

export type DiskStep = 'mkdir' | 'write' | 'sync' | 'rename' | 'sync-directory' | 'append' | 'truncate' | 'remove';

/**
 * File operations that survive a crash at any point: a file is either the old or the new one, and what was
 * acknowledged is on the disk. A class, so that a test can fail or end the process at each single step.
 */
export class Disk {
  async read(path: string): Promise<Buffer | undefined> {
    return absentAsUndefined(readFile(path));
  }

  async readText(path: string): Promise<string | undefined> {
    return (await this.read(path))?.toString('utf8');
  }

  async readRange(path: string, offset: number, length: number): Promise<Buffer> {
    const handle = await open(path, 'r');
    try {
      const buffer = Buffer.allocUnsafe(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return buffer.subarray(0, filled);
    } finally {
      await handle.close();
    }
  }

  async size(path: string): Promise<number> {
    return (await absentAsUndefined(stat(path)))?.size ?? 0;
  }

  async list(directory: string): Promise<readonly string[]> {
    return (await absentAsUndefined(readdir(directory))) ?? [];
  }

  /** The new content or the old one, never a part; on the disk when this resolves. */
  async replace(path: string, data: Buffer | string): Promise<void> {
    const temporary = `${path}.tmp`;
    const handle = await open(temporary, 'w', 0o600);
    try {
      await this.step('write', temporary);
      await this.write(handle, data);
      await this.step('sync', temporary);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await this.step('rename', path);
    await rename(temporary, path);
    await this.syncDirectory(dirname(path));
  }

  /** On the disk when this resolves. When it rejects, a part may be there: truncate before the next try. */
  async append(path: string, data: Buffer | string): Promise<void> {
    const handle = await open(path, 'a', 0o600);
    let isNew: boolean;
    try {
      isNew = (await handle.stat()).size === 0;
      await this.step('append', path);
      await this.write(handle, data);
      await this.step('sync', path);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // The first append makes the file; its name must last as well.
    if (isNew) await this.syncDirectory(dirname(path));
  }

  async truncate(path: string, size: number): Promise<void> {
    if ((await this.size(path)) <= size) return;
    const handle = await open(path, 'r+');
    try {
      await this.step('truncate', path);
      await handle.truncate(size);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async makeDirectory(path: string): Promise<void> {
    const parent = dirname(path);
    if ((await absentAsUndefined(stat(path))) !== undefined) return;
    if (parent !== path) await this.makeDirectory(parent);
    await this.step('mkdir', path);
    await mkdir(path, { recursive: true, mode: 0o700 });
    await this.syncDirectory(parent);
  }

  async remove(path: string): Promise<void> {
    await this.step('remove', path);
    await rm(path, { force: true });
  }

  protected async step(_name: DiskStep, _path: string): Promise<void> {
    // Nothing: only tests have a reason to come between.
  }

  protected async write(handle: FileHandle, data: Buffer | string): Promise<void> {
    await handle.writeFile(data);
  }

  async syncDirectory(path: string): Promise<void> {
    // Windows cannot open a directory; NTFS journals the rename itself.
    if (process.platform === 'win32') return;
    await this.step('sync-directory', path);
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

async function absentAsUndefined<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
