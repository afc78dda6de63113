/** The release whose schemas exports are validated with. Readers of 1.2.x take it. */
export const OSCAL_VERSION = '1.2.1';

/** Of properties that are the pack's own. With them an import gives exactly the status that was exported. */
export const OSCAL_NAMESPACE = 'urn:kingston-observability-pack:compliance';
