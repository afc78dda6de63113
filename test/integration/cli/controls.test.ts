import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { chosenControls } from '../../../cli/controls/board.js';
import { explanation } from '../../../cli/controls/explain-text.js';
import { kopCall } from '../../../exporters/runtime/call.js';
import { shippedCatalogues } from '../../../pack/compliance/documents.js';
import { loadPack } from '../../../pack/index.js';
import { kopHere } from '../../support/cli.js';
import { boardFolder } from '../../support/compliance/folder.js';
import { BOARD, FILES } from '../../unit/pack/compliance/reading.js';

/** The description of the other tests, with a waiver, a composite and a limit that the profile changes. */
const files = { ...FILES, 'pack.yaml': BOARD };
const plainText = (text: string) => text.replaceAll(/\s+/g, ' ');
const withPack = (folder: string) => ['--config.file', `${folder}/pack.yaml`];

describe('kop controls list', () => {
  test('shows the controls of a board, by area and owner', async () => {
    const { code, stdout } = await kopHere(
      'controls',
      'list',
      '--owner',
      'compliance',
      ...withPack(boardFolder(files)),
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /AUD-02 +high +compliance +promql, attestation +Every committed change has one audit record/,
    );
    expect(stdout).toContain('Client money is reconciled (does not apply)');
    expect(stdout).toContain('2 controls. Of 0 a person must confirm a reference.');
  });

  test('gives JSON and CSV, in which no text is a formula', async () => {
    const folder = boardFolder({
      ...files,
      'catalogue.yaml': (FILES['catalogue.yaml'] ?? '').replace('title: Client', 'title: =Client'),
    });
    const json = await kopHere('controls', 'list', '--json', '--area', 'financial_regulations', ...withPack(folder));
    expect(JSON.parse(json.stdout)).toMatchObject([
      { id: 'FIN-23', applies: false, checks: [{ name: 'day', kind: 'sql' }] },
    ]);
    const csv = await kopHere('controls', 'list', '--csv', ...withPack(folder));
    expect(csv.stdout.split('\n')[0]).toMatch(/^id,title,area,owner,severity,catalogue,applies,/);
    expect(csv.stdout).toContain("\nFIN-23,'=Client money is reconciled,financial_regulations,");
  });

  test.each([
    [['list', '--area', 'audit'], "--area: there is no 'audit'; there are financial_regulations, "],
    [['list', '--board', 'kingstn'], "there is no board 'kingstn'; did you mean 'kingston'?"],
    [['list', '--owner', 'securty'], "--owner: there is no 'securty'; did you mean 'security'?"],
    [['show', 'AUD-99'], "the board kingston has no control 'AUD-99'; did you mean"],
    [['list', '--catalogue', 'uk-welth'], "there is no catalogue and no file 'uk-welth'; did you mean 'uk-wealth'?"],
    [['list', '--catalogue', 'uk-wealth', '--board', 'kingston'], "cannot be used with option '--board <name>'"],
  ])('%j is refused with what there is', async (args, said) => {
    const { code, stderr } = await kopHere('controls', ...args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(said) });
  });
});

test('kop controls show prints what is evaluated, as the profile tailors it', async () => {
  const { stdout } = await kopHere('controls', 'show', 'aud-02', '--json', ...withPack(boardFolder(files)));
  expect(JSON.parse(stdout)).toMatchObject({ id: 'AUD-02', checks: [{ expect: { limit: 20, warnLimit: 5 } }, {}] });
  const yaml = await kopHere('controls', 'show', 'AUD-02', ...withPack(boardFolder(files)));
  expect(yaml.stdout).toContain('query: max(audit_trail_residual)');
});

describe('kop controls explain', () => {
  test('says each thing that a compliance officer asks, without a query', async () => {
    const { code, stdout } = await kopHere('controls', 'explain', 'AUD-02', ...withPack(boardFolder(files)));
    expect(code).toBe(0);
    const said = plainText(stdout);
    for (const part of [
      'What must be so Each change',
      'NIST SP 800-53: AU-12, read on 2026-11-23.',
      'Differences: a number from Prometheus. It must be at most 20.',
      'Stated: what a person states in the file of attestations, every 12 months at the latest.',
      'It is failing when - Differences: it is more than 20, and has been so for 2 minutes. - Stated: the newest statement says that it is not met.',
      'It is at risk when - Differences: it is more than 5, and still at most 20. - Stated: the statement expires within 30 days.',
      '- Differences: Prometheus does not answer, or gives no number. - Stated: nobody has stated it, or the statement has expired. - The newest evidence is older than 10 minutes.',
      'The team compliance. The severity is high: a failure makes a ticket.',
      'No day is set. A catalogue or a profile sets one with review:.',
      'approved by the compliance officer: r. Meanwhile: c.',
      'They do not prove or certify it',
    ]) {
      expect(said).toContain(part);
    }
    expect(said).not.toContain('audit_trail_residual');
  });

  test('names the views that a query reads, and what a person must confirm', async () => {
    const explained = async (id: string) =>
      plainText((await kopHere('controls', 'explain', id, '--catalogue', 'uk-wealth')).stdout);
    expect(await explained('SEC-05')).toContain(
      'A person must confirm these before anybody relies on them: - ISO/IEC 27001:2022: A.5.18.',
    );
    expect(await explained('SEC-07')).toContain(
      'the database portal is not connected or does not answer, or compliance.backups is not there, or it has not happened yet',
    );
    expect(await explained('PRV-01')).toContain('a deadline is near.');
  });

  test('says why a control does not apply, from when one will, and when a waiver is over', () => {
    const [board] = loadPack([`${boardFolder(files)}/pack.yaml`], { requireSecrets: false }).compliance;
    const control = board?.controls[0];
    if (board === undefined || control === undefined) throw new Error('the board has no control');
    const [waiver] = board.waivers;
    const said = (change: Partial<typeof control>, waivers = board.waivers) =>
      plainText(
        explanation(
          { name: 'the board', controls: [], catalogues: [], board: { ...board, waivers } },
          { ...control, ...change },
        ).join('\n'),
      );
    const excluded = { applies: false, reason: 'None is held', reviewBy: '2027-06-30' } as const;
    expect(said({ applicability: excluded })).toContain('No: None is held. A person reviews this by 2027-06-30.');
    expect(said({ effective: { from: '2999-01-01' } })).toContain('Not now: from 2999-01-01.');
    if (waiver === undefined) throw new Error('the board has no waiver');
    const over = { ...waiver, approvedOn: '2020-01-01', expiresOn: '2020-12-31' };
    expect(said({}, [over])).toContain('W-1. Ended on 2020-12-31, approved by the compliance officer');
    expect(said({}, [])).toContain('None. A failure is shown as a failure.');
  });

  test('explains a catalogue that no board names', async () => {
    const folder = boardFolder(files);
    const { stdout } = await kopHere('controls', 'explain', 'FIN-23', '--catalogue', `${folder}/catalogue.yaml`);
    expect(plainText(stdout)).toContain('Whether it applies The profile of a board says that.');
  });

  test('has words for each shipped control, and no query in them', () => {
    for (const name of shippedCatalogues()) {
      const chosen = chosenControls({ catalogue: name, 'config.file': [] });
      for (const control of chosen.controls) {
        const lines = explanation(chosen, control);
        expect(lines.join('\n')).not.toMatch(/undefined|NaN|\[object|select |[a-z]+_total/);
        // Where there is no terminal, and so no width.
        expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
      }
    }
  });
});

test.each(['list', 'show', 'explain', 'test'])('kop controls %s --help has examples and exit codes', async (verb) => {
  const { code, stdout } = await kopHere('controls', verb, '--help');
  expect(code).toBe(0);
  expect(stdout).toContain(`Examples:\n  $ ${kopCall()} controls ${verb}`);
  expect(stdout).toContain('Exit codes:');
});

describe('kop controls test', () => {
  test('runs the known answers, and names file and line of one that is wrong', async () => {
    const right = await kopHere('controls', 'test', '--catalogue', 'uk-wealth');
    expect(right).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^(\d+) of \1 known answers of 63 controls right\.\n$/),
    });
    const folder = boardFolder(files);
    const wrong = await kopHere('controls', 'test', 'AUD-02', ...withPack(folder));
    const line = readFileSync(`${folder}/catalogue.yaml`, 'utf8')
      .split('\n')
      .findIndex((each) => each.includes('residual: 11'));
    expect(wrong.code).toBe(1);
    expect(wrong.stdout).toContain(`AUD-02, test 2  ${folder}/catalogue.yaml:${line + 1}\n`);
    expect(wrong.stdout).toContain('Of residual 11 it must say non_compliant. It says unknown.');
    const { stdout } = await kopHere('controls', 'test', '--json', ...withPack(folder));
    expect(JSON.parse(stdout)).toMatchObject({ tests: 6, wrong: [{ control: 'AUD-02', test: 2, line: line + 1 }] });
  });

  test('takes the known answers of a profile that sets other limits', async () => {
    const tests = [
      { given: { residual: 20, stated: 100 }, want: 'at_risk' },
      { given: { residual: 21 }, want: 'at_risk' },
    ];
    const profile = stringify({ tailor: { 'AUD-02': { checks: { residual: { limit: 20 } }, tests } } });
    const { code, stdout } = await kopHere(
      'controls',
      'test',
      ...withPack(boardFolder({ ...files, 'profile.yaml': profile })),
    );
    expect(code).toBe(1);
    expect(stdout).toContain('AUD-02, test 2 of the profile\n');
    expect(stdout).toContain('4 of 5 known answers of 2 controls right.');
  });

  test('refuses a catalogue with a problem, at its place', async () => {
    const folder = boardFolder({
      ...files,
      'catalogue.yaml': (FILES['catalogue.yaml'] ?? '').replace('severity: critical', 'severty: critical'),
    });
    const { code, stderr } = await kopHere('controls', 'test', '--catalogue', `${folder}/catalogue.yaml`);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /catalogue\.yaml:\d+:\d+: controls\.AUD-02\.severty: unknown key; .*did you mean 'severity'\?/,
    );
  });
});
