import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { verbs } from '../../../cli/verbs.js';
import { withCalls } from '../../../exporters/runtime/call.js';

const verbNames = verbs.map(({ name }) => name);
const root = join(import.meta.dirname, '../../..');
/** SQL is kept, and run by somebody elsewhere: which words start kop there, nobody knows. */
const sql = 'exporters/audit-trail/writer/';
/** Names of what connects and locks, which nobody types. */
const names = /`kop audit seal \$\{origin\}`/g;
/** Who wrote a file, said in it: nothing to type. */
const notes = /by kop (?:demo|workflow import)\b/g;

/** What is left without comments, and without help, in which the program itself puts commands that work. */
function spoken(text: string): string {
  return text
    .replaceAll(/^\s*\/\*\*?[\s\S]*?\*\//gm, '')
    .replaceAll(/^\s*\/\/.*$/gm, '')
    .replaceAll(/^const (?:examples|help|\w+Examples) = `[\s\S]*?`;$/gm, '')
    .replaceAll(/\.(?:description|summary)\('[^\n]*'\)/g, '')
    .replaceAll(names, '')
    .replaceAll(notes, '');
}

/** Lines with a command that works only where kop is on the PATH. */
function bare(text: string): readonly string[] {
  return text.split('\n').filter((line) => withCalls(line, verbNames, 'npx kop') !== line);
}

const files = ['cli', 'exporters', 'demo'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file}`)
    .filter((file) => file.endsWith('.ts') && !file.startsWith(sql)),
);

describe('commands that messages name', () => {
  test('leave it to call.ts how kop is started', () => {
    expect(files.length).toBeGreaterThan(100);
    const found = files.flatMap((file) =>
      bare(spoken(readFileSync(join(root, file), 'utf8'))).map((line) => `${file}: ${line.trim()}`),
    );
    expect(found).toEqual([]);
  });

  test('are seen where they stand in a text, and not where a comment or the help names them', () => {
    expect(bare(spoken("throw new Error('make one with kop audit keygen');"))).toHaveLength(1);
    expect(bare(spoken('say(`run kop check again`);'))).toHaveLength(1);
    expect(
      bare(spoken('/** `kop check`: changes nothing. */\n// kop build\nconst examples = `\n  $ kop check`;')),
    ).toEqual([]);
  });
});
