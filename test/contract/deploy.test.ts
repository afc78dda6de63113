import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

const file = 'deploy/compose.yaml';
const text = readFileSync(file, 'utf8');
const service = z.object({
  image: z.string().optional(),
  environment: z.record(z.string(), z.string()).default({}),
  volumes: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  entrypoint: z.array(z.string()).optional(),
  healthcheck: z.object({}).optional(),
});
const { services, volumes } = z
  .object({ services: z.record(z.string(), service), volumes: z.record(z.string(), z.unknown()) })
  .parse(parse(text, { merge: true }));
const each = Object.entries(services);
const hasCompose = spawnSync('docker', ['compose', 'version']).status === 0;

it('systemd restarts by the health of the unit that there is', () => {
  const unit = readFileSync('deploy/kop-exporters-health.service', 'utf8');
  expect(unit).toMatch(/kop healthcheck/);
  expect(unit.match(/kop-exporters\b(?!-)/g)?.length).toBeGreaterThan(2);
  const script = /^ExecStart=\/bin\/sh -c '([^']*)'$/m.exec(unit.replaceAll('\\\n', ''))?.[1] ?? '';
  const asked = spawnSync('sh', [
    '-c',
    `systemctl() { echo $*; }; sleep() { :; }; set -- ; ${script.replaceAll('/usr/bin/env kop', 'false')}`,
  ]);
  expect(String(asked.stdout).trim().split('\n').at(-1)).toBe('restart kop-exporters');
});

describe(file, () => {
  it.each(each)('%s mounts only what is there', (_name, { volumes: mounts }) => {
    for (const [source = ''] of mounts.map((mount) => mount.split(':'))) {
      if (source.startsWith('.')) expect(existsSync(resolve('deploy', source)), source).toBe(true);
      else expect(Object.keys(volumes)).toContain(source);
    }
  });

  it.each(each)('%s names a version, and is reached from this machine only', (_name, { image = '', ports }) => {
    expect(image).toMatch(/:(v?\d+\.\d+|local$)/);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('asks after nobody’s health the way that is meant for another', () => {
    const borrowed = each.filter(([, { image, entrypoint }]) => image === 'kop:local' && entrypoint !== undefined);
    expect(borrowed.map(([name]) => name)).toEqual(['portal', 'alerts']);
    for (const [name, { healthcheck }] of borrowed) expect(healthcheck, name).toBeDefined();
  });

  it.skipIf(!hasCompose)('is accepted by docker compose', () => {
    const needed = [...text.matchAll(/\$\{(\w+):\?/g)].map(([, name = '']) => [name, 'x'] as const);
    const env = { ...process.env, ...Object.fromEntries(needed) };
    const { status, stderr } = spawnSync('docker', ['compose', '-f', file, 'config', '--quiet'], { env });
    expect(String(stderr)).toBe('');
    expect(status).toBe(0);
  });
});
