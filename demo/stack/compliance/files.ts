/** The files of a compliance officer, as the demo's firm has them. */
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { ComplianceBoard, Control } from '../../../pack/compliance/model/index.js';
import { shippedPath } from '../../../pack/reading/shipped.js';

const DAY_MS = 86_400_000;
/** Nobody has stated these, so they are unknown. */
const NOT_STATED = ['DPR-07', 'FIN-21'];

/**
 * Writes profile, waivers, attestations and changes, with days around today.
 *
 * @param everySeconds between two evaluations of each control, because a user waits for a fault to show.
 * @returns where they are, as keys of a board.
 */
export async function writeBoardFiles(folder: string, board: ComplianceBoard, everySeconds: number) {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const now = Date.now();
  const day = (days: number) => new Date(now + days * DAY_MS).toISOString().slice(0, 10);
  const files = {
    profile: { ...shippedFacts(), tailor: tailored(board.controls, everySeconds) },
    attestations: { attestations: board.controls.flatMap((control) => statements(control, day(-20))) },
    waivers: {
      waivers: {
        'W-DEMO-1': {
          control: 'SEC-06',
          reason: 'the stand-in portal speaks plain HTTP on loopback',
          compensating: 'nobody else reaches it',
          requestedBy: 'platform lead',
          approvedBy: 'compliance officer',
          approvedOn: day(-30),
          expiresOn: day(20),
          coversUnknown: true,
        },
      },
    },
    changes: {
      changes: {
        'PS26-2': {
          title: 'Operational incidents are reported to the FCA',
          source: 'https://www.fca.org.uk/publications/policy-statements',
          publishedOn: '2026-03-18',
          effectiveOn: '2027-03-18',
          impact: 'high',
          controls: ['FIN-16'],
          status: 'in_progress',
          owner: 'compliance',
        },
      },
    },
  };
  const written = Object.entries(files).map(async ([key, content]) => {
    const path = join(folder, `${key}.yaml`);
    await writeFile(path, `# Written by kop demo.\n${stringify(content)}`, { mode: 0o600 });
    return [key, path] as const;
  });
  return Object.fromEntries(await Promise.all(written));
}

/** What the shipped profile says of the firm. */
function shippedFacts(): object {
  const profile: unknown = parse(readFileSync(shippedPath(join('controls', 'profiles', 'kingston.yaml')), 'utf8'));
  return typeof profile === 'object' && profile !== null ? profile : {};
}

function tailored(controls: readonly Control[], everySeconds: number): object {
  return Object.fromEntries(controls.map(({ id }) => [id, { every: `${everySeconds}s` }]));
}

function statements({ id, checks }: Control, statedOn: string): object[] {
  if (NOT_STATED.includes(id)) return [];
  return checks
    .filter(({ kind }) => kind === 'attestation')
    .map(({ name }) => ({
      control: id,
      check: name,
      statedOn,
      statedBy: 'compliance officer',
      outcome: 'met',
      explanation: 'stated for the demo; in a firm this is where to look',
    }));
}
