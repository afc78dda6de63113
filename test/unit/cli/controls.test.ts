/** `kop controls`: what is evaluated, for people. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { kopCall } from '../../../exporters/runtime/call.js';
import { shippedPackPath } from '../../../pack/reading/shipped.js';
import { kopHere } from '../../support/cli.js';

const folder = mkdtempSync(join(tmpdir(), 'kop-controls-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const controls = (...args: readonly string[]) => kopHere('controls', ...args);

function described(text: string): readonly string[] {
  const path = join(folder, `${Math.random().toString(36).slice(2)}.yaml`);
  writeFileSync(path, text);
  return ['--config.file', shippedPackPath(), '--config.file', path];
}

describe('list', () => {
  test('shows each control with its owner and kinds, and says what does not apply', async () => {
    const { code, stdout } = await controls('list');
    expect(code).toBe(0);
    expect(stdout.match(/^[A-Z]{3}-\d\d /gm)).toHaveLength(63);
    expect(stdout).toMatch(/^AUD-02 +critical +compliance +promql +Every committed change/m);
    expect(stdout).toMatch(/^FIN-23 .*\(does\s+not\s+apply\)/m);
    expect(stdout).toContain('63 controls;');
  });

  test('is narrowed by area and owner, as JSON and as CSV', async () => {
    const { stdout } = await controls('list', '--area', 'audit_requirements', '--owner', 'security', '--json');
    const found = z.array(z.looseObject({ id: z.string(), owner: z.literal('security') })).parse(JSON.parse(stdout));
    expect(found.map(({ id }) => id)).toEqual(['AUD-04', 'AUD-06', 'AUD-08', 'AUD-10']);
    const csv = await controls('list', '--area', 'audit_requirements', '--csv');
    expect(csv.stdout.split('\n')[0]).toMatch(/^id,title,area,owner,severity,/);
    expect(csv.stdout.trimEnd().split('\n')).toHaveLength(11);
  });

  test.each([
    [['--area', 'audit'], /--area: there is no 'audit'; /],
    [['--owner', 'securty'], /--owner: there is no 'securty'; did you mean 'security'\?/],
    [['--board', 'kingstn'], /there is no board 'kingstn'; did you mean 'kingston'\?/],
    [[...described('compliance: { kingston: null }')], /the description has no compliance board/],
  ])('%j is refused with 2', async (args, message) => {
    expect(await controls('list', ...args)).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(message),
    });
  });
});

describe('explain', () => {
  test('says in sentences what must be so, why, how it is seen, and what to do', async () => {
    const { code, stdout } = await controls('explain', 'sec-01');
    expect(code).toBe(0);
    for (const part of [
      'What must be so',
      'Why',
      'How it is seen',
      'What the states mean',
      'Who answers',
      'What to do when it fails',
    ])
      expect(stdout).toContain(`\n${part}\n`);
    expect(stdout).toContain('at least 99 %');
    expect(stdout).toContain('does not certify it');
    expect(stdout).not.toMatch(/sum\(|select /);
  });

  test.each(['FIN-23', 'FIN-16', 'PRV-01', 'SEC-07', 'DPR-04'])('%s has no line beyond 120 characters', async (id) => {
    const { code, stdout } = await controls('explain', id);
    expect(code).toBe(0);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  test('says why a control does not apply, and from when one will', async () => {
    expect((await controls('explain', 'FIN-23')).stdout).toMatch(
      /No: The firm holds no client money or assets\. To be\s+reviewed by/,
    );
    expect((await controls('explain', 'PRV-01')).stdout).toContain('one calendar month from');
  });

  test('names the one that was meant', async () => {
    expect(await controls('explain', 'AUD-99')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/has no control 'AUD-99'/),
    });
  });
});

test('show gives all that is evaluated', async () => {
  const { stdout } = await controls('show', 'AUD-02', '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    id: 'AUD-02',
    checks: expect.arrayContaining([expect.objectContaining({ kind: 'promql' })]),
  });
  expect((await controls('show', 'AUD-02')).stdout).toContain('sum(audit_trail_missing_events_total)');
});

describe('test', () => {
  test('runs every known answer', async () => {
    const { code, stdout } = await controls('test');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^2\d\d answers of 63 controls right, 0 wrong\.\n$/);
  });

  test('ends with 1 and names what a changed limit makes wrong', async () => {
    const profile = join(folder, 'profile.yaml');
    writeFileSync(profile, 'tailor: { SEC-07: { checks: { newest: { maxAge: 27h } } } }\n');
    const args = described(`compliance: { kingston: { profile: ${profile} } }\n`);
    const { code, stdout } = await controls('test', 'SEC-07', ...args);
    expect(code).toBe(1);
    expect(stdout).toContain('SEC-07: of {"newest":93601} it must say non_compliant, and says at_risk');
    const json = await controls('test', 'SEC-07', '--json', ...args);
    expect(JSON.parse(json.stdout)).toMatchObject({ tests: 4, wrong: [{ control: 'SEC-07', got: 'at_risk' }] });
  });
});

test.each(['list', 'show', 'explain', 'test'])('%s --help has examples and exit codes', async (verb) => {
  const { code, stdout } = await controls(verb, '--help');
  expect(code).toBe(0);
  expect(stdout).toContain(`Examples:\n  $ ${kopCall()} controls ${verb}`);
  expect(stdout).toContain('Exit codes:');
});
