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

describe('the timer of systemd', () => {
  const unit = readFileSync('deploy/kop-exporters-health.service', 'utf8');
  const [, written = ''] = /^ExecStart=\/bin\/sh -c '([^']*)'$/m.exec(unit.replaceAll('\\\n', '')) ?? [];
  // As systemd hands it on: a dollar of the shell is written twice.
  const script = written.replaceAll('$$', '$').replaceAll('/usr/bin/env kop', 'kop');

  it.each([
    ['an exporter that is alive', [0], 0, []],
    ['one that says no three times', [1, 1, 1], 0, ['restart kop-exporters']],
    ['one that was only busy', [1, 1, 0], 0, []],
    ['one whose address is not known', [2], 2, []],
    ['the same after a no', [1, 2], 2, []],
    ['a program that is gone', [127], 127, []],
    ['a question that was ended', [137], 137, []],
    ['a program that cannot start', [1, 1, 1, 1], 1, []],
  ])('asks %s', (_, answers, status, done) => {
    const stand = `answers="${answers.join(' ')}"
      systemctl() { case $1 in is-active) ;; show) echo 4711 ;; *) echo $* ;; esac; }
      sleep() { :; }
      kop() {
        case "$*" in "healthcheck --process 4711" | --version) ;; *) exit 99 ;; esac
        set -- $answers 0; answer=$1; shift; answers=$*; return $answer
      }
      ${script}`;
    const asked = spawnSync('sh', ['-c', stand]);
    expect(String(asked.stderr)).toBe('');
    expect(asked.status).toBe(status);
    expect(String(asked.stdout).split('\n').filter(Boolean)).toEqual(done);
  });

  it('asks nothing while the exporters are stopped', () => {
    const asked = spawnSync('sh', ['-c', `systemctl() { [ "$1" != is-active ]; }; kop() { exit 99; }; ${script}`]);
    expect(asked.status).toBe(0);
  });

  it('names the unit that there is, and has each dollar twice', () => {
    expect(existsSync('deploy/kop-exporters.service')).toBe(true);
    expect(written.match(/kop-exporters\b(?!-)/g)?.length).toBeGreaterThan(2);
    expect(written.replaceAll('$$', '')).not.toContain('$');
  });
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
