import { complianceMetrics as m } from '../../../../pack/compliance/metrics.js';
import type { ControlStatus } from '../../../../pack/compliance/model/index.js';
import { type DrawnPhase, type Lines, seriesLine as of } from '../../tests/draw.js';

const portal = { portal: 'kingston' } as const;
/** As alerts have them: of the board's team, and of a control's. */
export const ofBoard = { ...portal, team: 'compliance' } as const;
export const ofCritical = { ...portal, control: 'AUD-02', team: 'compliance', title: 'Audit' } as const;
export const ofHigh = { ...portal, control: 'SEC-03', team: 'security', title: 'Patches' } as const;
export const ofLow = { ...portal, control: 'DPR-12', team: 'compliance', title: 'Fee' } as const;
export const ofDatabase = { ...portal, database: 'portal' } as const;
export const ofObligation = { ...ofBoard, obligation: 'access-requests' } as const;
export const ofUnchecked = { ...ofBoard, obligation: 'leavers' } as const;
export const ofChange = { ...ofBoard, change: 'PS26-2', impact: 'high' } as const;

const day = 86_400;

const controls = {
  critical: {
    control: 'AUD-02',
    area: 'audit_requirements',
    severity: 'critical',
    owner: 'compliance',
    title: 'Audit',
  },
  high: { control: 'SEC-03', area: 'security_compliance', severity: 'high', owner: 'security', title: 'Patches' },
  low: { control: 'DPR-12', area: 'data_protection', severity: 'low', owner: 'compliance', title: 'Fee' },
} as const;
type Name = keyof typeof controls;

const info = (name: Name) => of(m.info, { ...portal, ...controls[name] }, 1);
const status = (name: Name, value: ControlStatus, healthy: number) => {
  const { control, area } = controls[name];
  return of(m.status, { ...portal, control, area, status: value }, healthy);
};
const open = (obligation: string, bucket: string) => of(m.obligationsOpen, { ...portal, obligation, bucket }, 0);
const waiver = (name: string, ends?: number) =>
  of(m.waiverExpiry, { ...portal, control: 'SEC-03', waiver: name }, ends);
const change = (state: string, at?: number) =>
  of(m.changeEffective, { ...portal, change: 'PS26-2', impact: 'high', status: state }, at);

const gauges = {
  board: of(m.board, { ...portal, board: 'kingston', title: 'Board', team: 'compliance' }, 1),
  criticalInfo: info('critical'),
  highInfo: info('high'),
  lowInfo: info('low'),
  criticalFine: status('critical', 'compliant', 1),
  criticalFails: status('critical', 'non_compliant', 0),
  criticalUnknown: status('critical', 'unknown', 0),
  criticalAtRisk: status('critical', 'at_risk', 0),
  criticalWaived: status('critical', 'waived', 0),
  criticalComing: status('critical', 'not_applicable', 0),
  highFine: status('high', 'compliant', 1),
  highFails: status('high', 'non_compliant', 0),
  highUnknown: status('high', 'unknown', 0),
  lowFine: status('low', 'compliant', 1),
  lowFails: status('low', 'non_compliant', 0),
  lowUnknown: status('low', 'unknown', 0),
  maxAge: of(m.evidenceMaxAge, { ...portal, control: 'AUD-02' }, 600),
  waiverEnds: waiver('W-1', 400 * day),
  laterWaiver: waiver('W-2'),
  checked: of(m.obligation, { ...portal, obligation: 'access-requests', title: 'Access', control: 'AUD-02' }, 1),
  unchecked: of(m.obligation, { ...portal, obligation: 'leavers', title: 'Leavers', control: '' }, 1),
  overdue: open('access-requests', 'overdue'),
  due: open('access-requests', '<24h'),
  uncertain: open('access-requests', 'uncertain'),
  uncheckedOverdue: open('leavers', 'overdue'),
  readable: of(m.registerReadable, { ...portal, obligation: 'access-requests' }, 1),
  changeReady: change('ready', 10 * day),
  changeOpen: change('in_progress'),
  changeNew: change('not_assessed'),
  changeOfFailing: of(m.changeControl, { ...portal, change: 'PS26-2', control: 'AUD-02' }, 1),
  changeOfComing: of(m.changeControl, { ...portal, change: 'PS26-2', control: 'FIN-16' }, 1),
  comingReady: of(m.comingReady, { ...portal, control: 'FIN-16' }, 1),
  prometheusUp: of(m.prometheusUp, portal, 1),
  databaseUp: of(m.databaseUp, ofDatabase, 1),
  kept: of(m.evidenceKept, portal, 1),
  sealConfigured: of(m.sealConfigured, portal, 1),
  accuracy: of(m.accuracy, portal, 1),
};

const clocks = {
  evaluated: of(m.evaluated, { ...portal, control: 'AUD-02' }),
  examined: of(m.examined, portal),
  sealed: of(m.evidenceSealed, portal),
};

type G = keyof typeof gauges;
type T = keyof typeof clocks;
export type CompliancePhase = DrawnPhase<G, string, T>;

export const complianceLines: Lines<G, string, T> = { exporter: 'compliance', gauges, counters: {}, clocks };

/** The critical control in another state. */
export const critical = (state: 'Fails' | 'Unknown' | 'AtRisk' | 'Waived' | 'Coming') =>
  ({ set: { criticalFine: 0, [`critical${state}`]: 1 } }) as const;
