/** The newest release. Its models of assessment results and of plans of action are those of 1.2.1. */
export const OSCAL_VERSION = '1.2.2';

/** Of properties whose names and values the standard defines. */
export const NIST_NAMESPACE = 'http://csrc.nist.gov/ns/oscal';

/** Of properties that are the pack's own. With them an import gives exactly the status that was exported. */
export const OSCAL_NAMESPACE = 'urn:kingston-observability-pack:compliance';
