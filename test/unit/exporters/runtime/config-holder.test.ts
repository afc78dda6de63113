import { describe, expect, it } from 'vitest';
import { ConfigHolder } from '../../../../exporters/runtime/config-holder.js';
import { silentLogger } from '../../../../exporters/runtime/log.js';
import type { Pack } from '../../../../pack/index.js';
import { loadPack } from '../../../../pack/index.js';
import { InvalidPack } from '../../../../pack/reading/problems.js';

const shipped = loadPack([], { requireSecrets: false });

function packOf(sha256: string): Pack {
  return {
    ...shipped,
    source: { files: ['pack.yaml'], described: ['pack.yaml'], removed: [], sha256, warnings: [], unconnected: [] },
  };
}

/** A file whose content the test decides; an Error stands for one that cannot be used. */
function holding(first: string) {
  const file: { content: Pack | Error; reads: number } = { content: packOf(first), reads: 0 };
  const holder = new ConfigHolder({
    files: ['pack.yaml'],
    load: () => {
      file.reads += 1;
      if (file.content instanceof Error) throw file.content;
      return file.content;
    },
    log: silentLogger,
  });
  return { holder, file };
}

const bad = new InvalidPack([{ file: 'pack.yaml', line: 3, column: 5, key: 'portals', message: 'unknown key' }]);

describe('the configuration', () => {
  it('is needed at the start', () => {
    expect(
      () =>
        new ConfigHolder({
          files: [],
          load: () => {
            throw bad;
          },
          log: silentLogger,
        }),
    ).toThrow(InvalidPack);
  });

  it('changes for everybody, in order', async () => {
    const { holder, file } = holding('1');
    const told: string[] = [];
    holder.onChange('a', ({ source }) => void told.push(`a${source.sha256}`));
    const leave = holder.onChange('b', async ({ source }) => void told.push(`b${source.sha256}`));
    file.content = packOf('2');
    expect(await holder.reload()).toEqual({ ok: true, changed: true });
    expect(await holder.reload()).toEqual({ ok: true, changed: false });
    leave();
    await holder.reload();
    expect(told).toEqual(['a2', 'b2', 'a2', 'b2', 'a2']);
    expect(holder.current.source.sha256).toBe('2');
    expect(holder.status.successful).toBe(true);
  });

  it('stays when the new one is bad, until a good one comes', async () => {
    const { holder, file } = holding('1');
    file.content = bad;
    expect(await holder.reload()).toEqual({ ok: false, reason: 'pack.yaml:3:5: portals: unknown key' });
    expect(holder.current.source.sha256).toBe('1');
    expect(holder.status).toMatchObject({ successful: false, reason: expect.stringContaining('unknown key') });
    file.content = packOf('2');
    await holder.reload();
    expect(holder.status).toMatchObject({ successful: true });
    expect(holder.status.reason).toBeUndefined();
  });

  it('is taken back from those who had it when one refuses', async () => {
    const { holder, file } = holding('1');
    const has = new Map<string, string>();
    holder.onChange('a', ({ source }) => void has.set('a', source.sha256));
    holder.onChange('b', ({ source }) => {
      if (source.sha256 === '2') throw new Error('no such table');
      has.set('b', source.sha256);
    });
    holder.onChange('c', ({ source }) => void has.set('c', source.sha256));
    file.content = packOf('2');
    expect(await holder.reload()).toEqual({ ok: false, reason: 'b refused the configuration: no such table' });
    expect([...has]).toEqual([['a', '1']]);
    expect(holder.current.source.sha256).toBe('1');
  });

  it('says so when one cannot go back', async () => {
    const { holder, file } = holding('1');
    holder.onChange('a', ({ source }) => {
      if (source.sha256 === '1') throw new Error('stuck');
    });
    holder.onChange('b', () => Promise.reject(new Error('no')));
    file.content = packOf('2');
    const result = await holder.reload();
    expect(result).toMatchObject({
      ok: false,
      reason: expect.stringContaining('restart, because a could not go back'),
    });
  });

  it('is reloaded one at a time, and those who wait share the next', async () => {
    const { holder, file } = holding('1');
    let running = 0;
    let most = 0;
    holder.onChange('a', async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
    });
    const first = holder.reload();
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([first, ...Array.from({ length: 10 }, () => holder.reload())]);
    expect(most).toBe(1);
    expect(file.reads).toBe(1 + 2);
  });
});
