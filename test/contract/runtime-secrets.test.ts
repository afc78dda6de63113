import { spawnSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { family } from '../../exporters/runtime/metrics/index.js';
import { gauge } from '../../pack/metrics/index.js';
import { exporter, Workbench } from './runtime-support.js';

const bench = new Workbench();
const secret = 'hünter"2<&>/+hunter';
const variable = 'KOP_TEST_RUNTIME_SECRET';
const pack = `portals:
  demo:
    title: Demo
    baseUrl: "http://127.0.0.1:1"
    headers: { X-Api-Key: "\${env:${variable}}", Authorization: "Bearer \${file:${bench.path('token')}}" }
`;

beforeAll(() => {
  process.env[variable] = secret;
  bench.write('token', 'tok-987654321\n');
});
afterEach(() => bench.stopAll());
afterAll(async () => {
  delete process.env[variable];
  await bench.remove();
});

/** An exporter as careless as can be: it repeats the secret wherever it may say anything. */
const careless = exporter({
  name: 'careless',
  collectors: [
    { name: 'leaky', collect: () => Promise.reject(new Error(`login with ${secret} and tok-987654321 failed`)) },
  ],
  ready: () => ({ ready: false, reason: `refused: ${secret}` }),
  mount: (router) => {
    router.get('/boom', () => Promise.reject(new Error(`thrown ${secret}`)));
  },
  sections: () => [
    {
      title: `Portal ${secret}`,
      intro: secret,
      table: {
        columns: [secret],
        rows: [
          [
            secret,
            {
              text: encodeURIComponent(secret),
              href: `/x?y=${encodeURIComponent(secret)}`,
              note: JSON.stringify(secret),
            },
          ],
        ],
      },
    },
  ],
  configure: (pack) =>
    pack.portals[0]?.title === 'Other' ? Promise.reject(new Error(`cannot use ${secret}`)) : Promise.resolve(),
});

describe('a secret', () => {
  it.each(['logfmt', 'json'] as const)('leaves by no outlet, logging %s', async (logFormat) => {
    const { url } = await bench.run({
      factories: [careless],
      configFiles: [bench.write('secret.yaml', pack)],
      logFormat,
    });
    const outlets: string[] = [];
    for (const path of ['/metrics', '/', '/-/ready', '/boom', '/-/healthy']) {
      outlets.push(await (await fetch(url + path)).text());
    }
    bench.write('secret.yaml', pack.replace('title: Demo', 'title: Other'));
    outlets.push(await (await fetch(`${url}/-/reload`, { method: 'POST' })).text());
    outlets.push(await (await fetch(url)).text(), bench.log.join(''));
    const everything = outlets.join('\n');
    expect(everything).toContain('<secret>');
    expect(everything).toContain('&#60;secret&#62;');
    for (const form of ['ünter', 'hunter', '%C3%BCnter', 'tok-987654321']) expect(everything).not.toContain(form);
  });

  it('is no part of a message about a bad configuration', async () => {
    const bad = bench.write('bad.yaml', pack.replace('title: Demo', 'titel: Demo'));
    await expect(bench.run({ configFiles: [bad] })).rejects.toThrow(/titel/);
    await expect(bench.run({ configFiles: [bad] })).rejects.not.toThrow(/nter"2|tok-/);
  });
});

describe('a label value', () => {
  it('cannot break out of its line', async () => {
    const decl = gauge('sample_odd', 'count', ['x'], 'Odd.');
    const odd = exporter({
      name: 'odd',
      collectors: [{ name: 'odd', collect: () => [family(decl, [[{ x: '"} 1\nevil_metric 1\n# EOF' }, 1]])] }],
    });
    const { url } = await bench.run({ factories: [odd] });
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).not.toMatch(/^evil_metric/m);
    expect(spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' }).stderr).not.toMatch(
      /error while linting/,
    );
  });
});
