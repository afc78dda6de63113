import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { StateFolder } from '../../runtime/state/index.js';
import { type Memory, type MemoryStore, memoryFile, parseMemory, type Subject } from './memory.js';
import { orphanedStates, sameSubject } from './orphans.js';
import { declarationsFile, readDeclarations } from './verdict/declarations.js';

/** A store in which a renamed trail finds the state of its earlier name. */
export function adoptingStore(
  store: MemoryStore,
  folder: StateFolder,
  described: () => ReadonlySet<string>,
): MemoryStore {
  return {
    load: (trail) => store.load(trail),
    save: (memory) => store.save(memory),
    async adopt(trail, subject) {
      const earlier = sameSubject(await orphanedStates(folder.path, described()), subject);
      if (earlier === undefined) return undefined;
      return { memory: await moved(store, folder, earlier.trail, trail, subject), from: earlier.trail };
    },
  };
}

/** The new files are whole before the earlier ones get another name; after a crash in between, those are still told of. */
async function moved(
  store: MemoryStore,
  folder: StateFolder,
  from: string,
  trail: string,
  subject: Subject,
): Promise<Memory> {
  const path = (name: string) => join(folder.path, name);
  const memory = { ...parseMemory(await readFile(path(memoryFile(from)), 'utf8')), trail, subject };
  const declared = await readDeclarations(folder.path, from);
  if (declared.length > 0) {
    const all = [...declared, ...(await readDeclarations(folder.path, trail))];
    await folder.save(declarationsFile(trail), `${JSON.stringify(all, null, 2)}\n`);
  }
  await store.save(memory);
  await folder.attempt(`renaming the state of ${from}`, async () => {
    for (const name of [memoryFile(from), declarationsFile(from)])
      await rename(path(name), path(`${name}.renamed`)).catch(() => undefined);
  });
  return memory;
}
