/**
 * Views of the schema `compliance` that shipped controls and obligations read. The firm creates them over its own tables,
 * those that it needs; a control whose view is missing is unknown. docs/controls.md lists them.
 */
export interface FirmView {
  /** Without the schema. */
  readonly name: string;
  /** What a row is. */
  readonly row: string;
  readonly columns: readonly FirmColumn[];
}

export interface FirmColumn {
  readonly name: string;
  readonly type: FirmColumnType;
  readonly meaning: string;
}

/** Types of PostgreSQL. */
type FirmColumnType = 'timestamptz' | 'date' | 'boolean' | 'text' | 'integer' | 'numeric' | 'bigint' | 'interval';

export const firmViews: readonly FirmView[] = [
  view('access_grants', 'a right that was given to a user', {
    granted_at: ['timestamptz', 'when it was given'],
    approved_at: ['timestamptz', 'when it was approved; null if it was not'],
  }),
  view('adviser_records', 'a record that an adviser must keep', {
    made_at: ['timestamptz', 'when it was made'],
    is_at_hand: ['boolean', 'it can be read at once'],
    can_be_fetched: ['boolean', 'it can be read on request'],
  }),
  view('audit_headroom', 'a disk that holds the audit log', {
    days_left: ['numeric', 'days until it is full at the present pace'],
    as_of: ['timestamptz', 'when that was measured'],
  }),
  view('automated_decisions', 'a kind of significant decision that no person makes', {
    has_safeguards: ['boolean', 'people are told, can object and can have a person decide'],
    reviewed_at: ['timestamptz', 'when somebody last reviewed it'],
  }),
  view('backups', 'a backup of the database that ended', {
    completed_at: ['timestamptz', 'when it ended'],
    succeeded: ['boolean', 'it ended well'],
    is_encrypted: ['boolean', 'it is stored encrypted'],
  }),
  view('breaches', 'a breach of personal data', {
    facts: ['text', 'what happened; null while that is not written down'],
    effects: ['text', 'what it caused'],
    remedy: ['text', 'what was done'],
  }),
  view('card_log_days', 'a day of the last twelve months on which card data was processed', {
    day: ['date', 'the day'],
    is_kept: ['boolean', 'its log exists'],
    is_at_hand: ['boolean', 'its log can be read at once'],
  }),
  view('certified_staff', 'a person in a certified function', {
    is_active: ['boolean', 'the person works in it now'],
    last_assessed_at: ['timestamptz', 'when fitness was last assessed; null if never'],
  }),
  view('consents', 'a consent of a person to one use of data', {
    is_in_use: ['boolean', 'data is used on the strength of it'],
    given_at: ['timestamptz', 'when it was given'],
    wording: ['text', 'to what it was given'],
    withdrawn_at: ['timestamptz', 'when it was withdrawn; null if it was not'],
    expires_at: ['timestamptz', 'when it ends; null if never'],
  }),
  view('cookie_scans', 'a scan of the portal for cookies', {
    is_newest: ['boolean', 'no later scan is there'],
    not_exempt_before_consent: ['integer', 'cookies that need consent and were set before it'],
    scanned_at: ['timestamptz', 'when it was made'],
  }),
  view('disposals', 'a record that was disposed of', {
    record_class: [
      'text',
      'mifid, suitability-transfer, suitability-pension, suitability-other, complaint-mifid, complaint-other, due-diligence, or a word of your own',
    ],
    created_at: ['timestamptz', 'when the record was made'],
    relationship_ended_at: ['timestamptz', 'when the relationship with the client ended; null if it has not'],
    disposed_at: ['timestamptz', 'when the record was disposed of'],
  }),
  view('due_diligence', 'a client', {
    risk: ['text', 'high, or another word'],
    last_checked_at: ['timestamptz', 'when the client was last checked; null if never'],
  }),
  view('extensions', "an extension of a data subject's request", {
    clock_began_at: ['timestamptz', 'when the time to answer began'],
    announced_at: ['timestamptz', 'when the person was told; null if not yet'],
    reasons: ['text', 'the reasons that the person was told'],
  }),
  view('ico_registration', "the firm's registration with the ICO", {
    expires_at: ['timestamptz', 'when it ends'],
  }),
  view('ict_incidents', 'an incident of information technology in an EU entity', {
    is_major: ['boolean', 'it was classified as major'],
    aware_at: ['timestamptz', 'when somebody became aware of it'],
    classified_at: ['timestamptz', 'when it was classified'],
    first_report_at: ['timestamptz', 'when the first report was sent; null if not yet'],
  }),
  view('incidents', 'a security incident', {
    severity: ['text', 'critical, or another word'],
    detected_at: ['timestamptz', 'when it was detected'],
    answered_at: ['timestamptz', 'when somebody began to work on it; null if nobody did'],
  }),
  view('marketing_messages', 'a marketing message to one person', {
    sent_at: ['timestamptz', 'when it was sent'],
    was_allowed: ['boolean', 'the person had agreed, and had not objected, at that time'],
  }),
  view('meetings', 'a conversation or meeting that must be recorded', {
    held_at: ['timestamptz', 'when it took place'],
    has_recording: ['boolean', 'a recording is kept'],
    has_note: ['boolean', 'a written note is kept'],
  }),
  view('ongoing_clients', 'a client with an ongoing service', {
    pays_for_ongoing_service: ['boolean', 'the client pays for it'],
    service_began_at: ['timestamptz', 'when the service began'],
    last_reviewed_at: ['timestamptz', 'when suitability was last reviewed; null if never'],
  }),
  view('periodic_statements', 'a periodic statement that is due to a client', {
    due_at: ['timestamptz', 'when it is due'],
    sent_at: ['timestamptz', 'when it was sent; null if not yet'],
  }),
  view('personal_tables', 'a table with personal columns', {
    is_in_record: ['boolean', 'the record of processing covers it'],
  }),
  view('privileged_users', 'a user with privileges', {
    is_active: ['boolean', 'the user can sign in'],
    has_second_factor: ['boolean', 'a second factor is enrolled and needed'],
  }),
  view('processors', 'a processor of personal data', {
    contract_signed_at: ['timestamptz', 'when the contract was signed; null if there is none'],
    reviewed_at: ['timestamptz', 'when somebody last reviewed the entry'],
  }),
  view('recommendations', 'a recommendation to a client', {
    made_at: ['timestamptz', 'date and time of the recommendation'],
    instrument: ['text', 'what was recommended'],
    report_id: ['bigint', 'the suitability report'],
  }),
  view('recorders', 'a recorder of conversations', {
    seen_at: ['timestamptz', 'when it last gave a sign of life'],
  }),
  view('releases', 'a release of the portal', {
    is_high_risk: ['boolean', 'it was flagged as a high risk for people'],
    impact_assessed_at: ['timestamptz', 'when its impact was assessed; null if it was not'],
  }),
  view('restores', 'a backup that was restored to try it', {
    verified_at: ['timestamptz', 'when its contents were checked'],
    succeeded: ['boolean', 'they were right'],
    took: ['interval', 'how long the restore took; only A1.2 reads it'],
  }),
  view('retained_records', 'a personal record that is kept', {
    keep_until: ['timestamptz', 'when its time is over'],
    has_legal_hold: ['boolean', 'a hold forbids to dispose of it'],
  }),
  view('sessions', 'a session of a user', {
    started_at: ['timestamptz', 'when the user signed in'],
    has_second_factor: ['boolean', 'a second factor was used'],
  }),
  view('supervisory_reviews', 'a review that a supervisor must do', {
    due_at: ['timestamptz', 'when it is due'],
    reviewed_at: ['timestamptz', 'when it was done; null if not yet'],
  }),
  view('transfers', 'a transfer of personal data to another country', {
    mechanism: ['text', 'what allows it; null if nothing does'],
    reviewed_at: ['timestamptz', 'when somebody last reviewed the entry'],
  }),
  view('users', 'a user of the portal', {
    is_active: ['boolean', 'the user can sign in'],
    has_left: ['boolean', 'the person does not work for the firm any more'],
    role_count: ['integer', 'how many roles the user has'],
  }),
  view('vulnerabilities', 'a known vulnerability, fixed ones included', {
    severity: ['text', 'critical, high, or another word'],
    known_since: ['timestamptz', 'when it became known'],
    fixed_at: ['timestamptz', 'when it was fixed; null if not yet'],
    scanned_at: ['timestamptz', 'when a scan last looked for it'],
  }),
];

function view(
  name: string,
  row: string,
  columns: Readonly<Record<string, readonly [type: FirmColumnType, meaning: string]>>,
): FirmView {
  return {
    name,
    row,
    columns: Object.entries(columns).map(([column, [type, meaning]]) => ({ name: column, type, meaning })),
  };
}
