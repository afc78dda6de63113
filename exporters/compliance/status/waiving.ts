import type { ControlStatus, RawStatus, Waiver } from '../../../pack/compliance/model/index.js';
import { dayIn } from '../obligations/deadlines/day.js';

export interface EffectiveStatus {
  readonly status: ControlStatus;
  readonly waiver?: Waiver;
}

/**
 * Lays waivers over what was found, at the moment of the question: one that expires between two evaluations ends then. It
 * covers failing and at-risk results, and what is unknown only where it says so; it never makes a control compliant.
 */
export function withWaivers(
  control: string,
  raw: RawStatus,
  waivers: readonly Waiver[],
  { now, timeZone }: { readonly now: Date; readonly timeZone: string },
): EffectiveStatus {
  const today = dayIn(now, timeZone);
  const waiver = waivers.find(
    (each) => each.control === control && each.approvedOn <= today && today <= each.expiresOn && covers(each, raw),
  );
  return waiver === undefined ? { status: raw } : { status: 'waived', waiver };
}

function covers({ coversUnknown }: Waiver, raw: RawStatus): boolean {
  return raw === 'non_compliant' || raw === 'at_risk' || (raw === 'unknown' && coversUnknown);
}
