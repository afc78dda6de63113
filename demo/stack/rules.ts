import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMap, isSeq, parseDocument } from 'yaml';
import { packageRoot } from '../../pack/index.js';

/** The shipped rule files; with an interval, copies of them that are evaluated that often and otherwise the same. */
export async function shippedRules(folder: string, evaluationSeconds: number | undefined): Promise<readonly string[]> {
  const shipped = join(packageRoot(), 'alert-rules', 'prometheus');
  const names = (await readdir(shipped)).filter((name) => name.endsWith('.yaml'));
  if (evaluationSeconds === undefined) {
    return names.map((name) => join(shipped, name));
  }
  const copies = join(folder, 'rules');
  await mkdir(copies, { recursive: true });
  return Promise.all(
    names.map(async (name) => {
      const copy = join(copies, name);
      await writeFile(copy, evaluatedEvery(evaluationSeconds, await readFile(join(shipped, name), 'utf8')));
      return copy;
    }),
  );
}

/** Also the groups that record slices of time: whoever sums them up takes each slice once, however often it stands. */
export function evaluatedEvery(seconds: number, rules: string): string {
  const document = parseDocument(rules);
  const groups = document.get('groups');
  if (isSeq(groups)) {
    for (const group of groups.items) {
      if (isMap(group)) {
        group.set('interval', `${seconds}s`);
      }
    }
  }
  return document.toString({ lineWidth: 0 });
}
