import { alertMatchers, type Inhibition } from '../inhibition.js';

/** What takes the evidence of all controls away is told once. */
export function complianceInhibitions(): readonly Inhibition[] {
  const ofPortal = (source: string, targets: readonly string[]): Inhibition => ({
    source_matchers: alertMatchers(source),
    target_matchers: alertMatchers(targets),
    equal: ['portal'],
  });
  return [
    ofPortal('ComplianceNoData', ['ComplianceControlsUnknown']),
    ofPortal('ComplianceEvidenceNotKept', ['ComplianceControlsUnknown']),
    ofPortal('ComplianceNotEvaluated', ['ComplianceControlsUnknown']),
    ofPortal('CompliancePrometheusDown', ['ComplianceControlsUnknown']),
    ofPortal('ComplianceDatabaseDown', ['ComplianceControlsUnknown', 'ComplianceRegisterUnreadable']),
    {
      source_matchers: alertMatchers('ComplianceChangeNotReady'),
      target_matchers: alertMatchers('ComplianceChangeNotAssessed'),
      equal: ['portal', 'change'],
    },
    {
      // The collector fails because the store cannot be written to, which is the same in other words.
      source_matchers: alertMatchers('ComplianceEvidenceNotKept'),
      target_matchers: alertMatchers('KopCollectorFailing', 'collector="compliance-evidence"'),
      equal: ['pack'],
    },
  ];
}
