import type { ComplianceBoard, Control, ControlCheck } from '../../../pack/compliance/model/index.js';
import type { Portal } from '../../../pack/index.js';
import type { ObligationFinding } from '../obligations/finding.js';
import { lookByAttestation } from './attestation.js';
import { lookByDeadline } from './deadline.js';
import { lookByFreshness } from './freshness.js';
import { lookByHttp } from './http.js';
import { lookByImport } from './imported.js';
import type { CheckLook, LookContext } from './look.js';
import type { PrometheusClient } from './prometheus.js';
import { lookByPromql } from './promql.js';
import { type Databases, lookBySql } from './sql.js';

/** What the checks of one board need. */
export interface CheckNeeds {
  readonly board: Pick<ComplianceBoard, 'attestations' | 'imports'>;
  readonly timeZone: string;
  readonly portal: Portal;
  readonly prometheus: PrometheusClient | undefined;
  readonly databases: Databases;
  readonly obligation: (name: string, context: LookContext) => Promise<ObligationFinding | undefined>;
}

/** Undefined for a composite, which looks at nothing by itself. */
export function openLook(check: ControlCheck, control: Control, needs: CheckNeeds): CheckLook | undefined {
  switch (check.kind) {
    case 'promql':
      return lookByPromql(check, needs);
    case 'sql':
      return lookBySql(check, needs);
    case 'http':
      return lookByHttp(check, needs);
    case 'freshness':
      return lookByFreshness(check, needs);
    case 'deadline':
      return lookByDeadline(check, needs);
    case 'attestation':
      return lookByAttestation(check, { ...needs.board, control, timeZone: needs.timeZone });
    case 'imported':
      return lookByImport(check, needs.board);
    case 'composite':
      return undefined;
  }
}
