import { join } from 'node:path';
import { compliance } from '../../../../pack/compliance/index.js';
import type { ComplianceBoard } from '../../../../pack/compliance/model/index.js';
import { judgeShape, read } from '../../../../pack/reading/parse.js';
import { Places } from '../../../../pack/reading/places.js';
import { formatProblem } from '../../../../pack/reading/problems.js';
import { Reporter } from '../../../../pack/reading/reporter.js';
import { section } from '../../../../pack/reading/schema/say.js';
import { readSource } from '../../../../pack/reading/yaml-source.js';
import { SecretPlaces } from '../../../../pack/secrets/secret-places.js';
import { sharedSchema, sharedShape } from '../../../../pack/shared/schema.js';
import { boardFolder } from '../../../support/compliance/folder.js';

export const BOARD = `
portals: { kingston: { title: Portal, baseUrl: 'http://127.0.0.1:1' } }
teams: { compliance: { title: Compliance }, security: { title: Security } }
calendars: { office: { timeZone: Europe/London, weekdays: Monday-Friday, hours: 08:00-18:00, holidays: england-and-wales } }
severities: &s { critical: { severity: critical, respondWithin: 15m }, high: { severity: critical, respondWithin: 30m }, medium: { severity: warning, respondWithin: 2h }, low: { severity: info, respondWithin: 8h } }
compliance:
  kingston:
    title: Compliance
    portal: kingston
    team: compliance
    calendar: office
    catalogues: [./catalogue.yaml]
    profile: ./profile.yaml
    waivers: waivers.yaml
    attestations: attestations.yaml
    changes: changes.yaml
    prometheus: { url: 'http://127.0.0.1:9090' }
    databases: { portal: { url: 'postgres://reader@127.0.0.1/portal' } }
    imports: { weekly: { format: prowler, file: prowler.json, maxAge: 8d } }
    obligations:
      access-requests:
        title: Access requests
        ruleText: one calendar month from receipt
        rule: { months: 1 }
        extended: { months: 3 }
        lead: 5d
        register: { database: portal, query: 'select 1' }
`;

export const FILES: Readonly<Record<string, string>> = {
  'catalogue.yaml': `
catalogue: { name: mine, title: Mine, version: 1.0.0 }
frameworks: { nist: { title: NIST SP 800-53, source: 'https://csrc.nist.gov/pubs/sp/800/53/r5/upd1/final' } }
retired: [OLD-01]
controls:
  AUD-02:
    title: Every committed change has one audit record
    area: audit_requirements
    owner: compliance
    severity: critical
    references: [{ framework: nist, ref: AU-12, confidence: verified, checked: 2026-11-23 }]
    statement: Each change is recorded once.
    checks:
      residual: { kind: promql, title: Differences, query: max(audit_trail_residual), expect: { is: <=, limit: 10, warn: 5 }, failsAfter: 2m }
      stated: { kind: attestation, title: Stated, everyMonths: 12 }
    evidence: { maxAge: 10m }
    tests:
      - { given: { residual: 0, stated: 100 }, want: compliant }
      - { given: { residual: 11 }, want: non_compliant }
      - { given: {}, want: unknown }
  FIN-23:
    title: Client money is reconciled
    area: financial_regulations
    owner: compliance
    severity: critical
    appliesWhen: { facts: { client-money: true }, reason: The firm holds no client money, reviewBy: 2027-06-30 }
    statement: Each business day.
    checks: { day: { kind: sql, title: Days, database: portal, query: select 0 as value, expect: { is: ==, limit: 0 } } }
    evidence: { maxAge: 1d }
    tests:
      - { given: { day: 0 }, want: compliant }
      - { given: { day: 1 }, want: non_compliant }
      - { given: {}, want: unknown }
`,
  'profile.yaml':
    'facts: { client-money: false }\ntailor: { AUD-02: { severity: high, checks: { residual: { limit: 20 } } } }\n',
  'waivers.yaml':
    'waivers: { W-1: { control: AUD-02, reason: r, compensating: c, requestedBy: head of it, approvedBy: compliance officer, approvedOn: 2026-01-01, expiresOn: 2026-12-31 } }\n',
  'attestations.yaml':
    'attestations: [{ control: AUD-02, check: stated, statedOn: 2026-01-01, statedBy: auditor, outcome: met, explanation: seen }]\n',
  'changes.yaml':
    'changes: { PS26-2: { title: Incident reporting, source: FCA, publishedOn: 2026-03-18, effectiveOn: 2027-03-18, impact: high, controls: [AUD-02], status: assessed, owner: compliance } }\n',
};

export interface ReadBoard {
  /** `file:line:column: key: message`, with the folder left out. */
  readonly problems: readonly string[];
  readonly board: ComplianceBoard | undefined;
}

/** Reads a board as a description would be read, from files of its own. */
export function readBoard(board = BOARD, change: Readonly<Record<string, string>> = {}): ReadBoard {
  const folder = boardFolder({ ...FILES, ...change, 'pack.yaml': board });
  const secrets = new SecretPlaces({
    compliance: compliance.secrets ?? { places: [], described: '', hasOurKeys: true },
  });
  const shape = { ...sharedShape, compliance: compliance.schema };
  const layout = { sections: Object.keys(shape), sectionsOfEntries: ['compliance'], secrets };
  const { root } = readSource([join(folder, 'pack.yaml')], layout);
  const reporter = new Reporter(root, secrets);
  const written = judgeShape(root, section(shape), layout, reporter);
  const said = () => reporter.problems.map((problem) => formatProblem(problem).replaceAll(`${folder}/`, ''));
  if (written === undefined) return { problems: said(), board: undefined };
  const shared = read(sharedSchema, written);
  const domain = compliance.read(written.compliance);
  domain.judge({ shared, root, reporter });
  if (reporter.problems.length > 0) return { problems: said(), board: undefined };
  return { problems: [], board: domain.resolve({ places: new Places(root), shared }).entries[0] };
}
