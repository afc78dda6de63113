/** The compliance board of one portal: which controls there are, where evidence is, what was waived. */
import type { DatabaseAccess } from '../../postgres/model.js';
import type { Seal } from '../../sealing/model.js';
import type { SecretText } from '../../secrets/secret.js';
import type { Control } from './control.js';
import type { Obligation } from './obligation.js';

export interface ComplianceBoard {
  readonly name: string;
  readonly portal: string;
  readonly title: string;
  readonly team: string;
  /** Name of a calendar of the pack; its time zone says when a day begins. */
  readonly calendar: string;
  readonly catalogues: readonly CatalogueIdentity[];
  /** After the profile was applied, in the order of the catalogues. */
  readonly controls: readonly Control[];
  readonly waivers: readonly Waiver[];
  readonly attestations: readonly Attestation[];
  readonly changes: readonly RegulatoryChange[];
  readonly obligations: readonly Obligation[];
  readonly imports: readonly ResultImport[];
  readonly prometheus?: PrometheusSource;
  readonly databases: readonly (DatabaseAccess & { readonly name: string })[];
  readonly evidence: EvidencePolicy;
  /** What was read beside the description. */
  readonly files: readonly FilesRead[];
}

/** One document, of one file or of several. */
export interface FilesRead {
  readonly paths: readonly string[];
  /** Of what was written. */
  readonly sha256: string;
}

export interface CatalogueIdentity {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  /** Of the parsed catalogue after the profile: what is evaluated. */
  readonly sha256: string;
}

/** Where PromQL is evaluated. */
export interface PrometheusSource {
  readonly url: string;
  readonly username?: SecretText;
  readonly password?: SecretText;
  readonly bearerToken?: SecretText;
  readonly caFile?: string;
}

/** An exception with an end. It covers failing and at-risk results; it never makes a control compliant. */
export interface Waiver {
  readonly id: string;
  readonly control: string;
  readonly reason: string;
  /** What lowers the risk meanwhile. */
  readonly compensating: string;
  /** Roles, never names of people. */
  readonly requestedBy: string;
  readonly approvedBy: string;
  /** ISO days. The last day on which it holds; at most a year after the approval. */
  readonly approvedOn: string;
  readonly expiresOn: string;
  readonly coversUnknown: boolean;
  readonly ticket?: string;
}

/** What a person stated about a control. */
export interface Attestation {
  readonly control: string;
  /** Name of the control's check. */
  readonly check: string;
  readonly statedOn: string;
  /** A role. */
  readonly statedBy: string;
  readonly outcome: 'met' | 'not_met';
  readonly explanation: string;
}

export const changeStatuses = ['not_assessed', 'assessed', 'in_progress', 'ready', 'not_relevant'] as const;

/** A change of the rules that has been published. */
export interface RegulatoryChange {
  readonly id: string;
  readonly title: string;
  readonly source: string;
  readonly publishedOn: string;
  readonly effectiveOn?: string;
  readonly impact: 'high' | 'medium' | 'low';
  /** Identifiers of controls; may be none yet. */
  readonly controls: readonly string[];
  readonly status: (typeof changeStatuses)[number];
  readonly owner: string;
}

export const importFormats = ['oscal', 'prowler', 'inspec'] as const;

export interface ResultImport {
  readonly name: string;
  readonly format: (typeof importFormats)[number];
  readonly path: string;
  /** Results that are older are no evidence. */
  readonly maxAgeSeconds: number;
}

/** Where evaluations are kept, for how long, and how they are sealed. */
export interface EvidencePolicy {
  readonly retentionDays: number;
  /** Folder of the embedded store. Default: the exporter's state folder. */
  readonly directory?: string;
  /** PostgreSQL instead of the embedded store. */
  readonly database?: DatabaseAccess;
  /** As an audit trail is sealed. */
  readonly seal?: Seal;
}
