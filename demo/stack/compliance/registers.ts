/**
 * What a firm keeps beside its portal: registers and lists, as tables of the schema `compliance` that docs/compliance.md
 * describes. The cases are invented, their times are relative to the start of the demo. What the demo has no honest answer
 * to is left out, so that the controls which ask for it are unknown.
 */
export const REGISTERS_SQL = `
drop schema if exists compliance cascade;
create schema compliance;

create table compliance.access_requests (
  started_at timestamptz not null, completed_at timestamptz, relevant_at timestamptz, extended boolean, stopped text);
insert into compliance.access_requests
  select now() - n * interval '11 days', case when n > 1 then now() - n * interval '11 days' + interval '9 days' end
  from generate_series(1, 12) n;

create table compliance.rights_requests (started_at timestamptz not null, completed_at timestamptz, extended boolean);
insert into compliance.rights_requests
  select now() - n * interval '19 days', case when n > 1 then now() - n * interval '19 days' + interval '6 days' end
  from generate_series(1, 6) n;

create table compliance.extensions (clock_began_at timestamptz, announced_at timestamptz, reasons text);
insert into compliance.extensions values (now() - interval '70 days', now() - interval '55 days', 'complex');

create table compliance.data_protection_complaints (started_at timestamptz not null, completed_at timestamptz);
insert into compliance.data_protection_complaints values (now() - interval '40 days', now() - interval '36 days');

create table compliance.breaches (
  aware_at timestamptz not null, must_be_reported boolean not null, reported_at timestamptz,
  facts text, effects text, remedy text);
insert into compliance.breaches values
  (now() - interval '90 days', true, now() - interval '88 days', 'letter to a wrong address', 'one client', 'address checked'),
  (now() - interval '20 days', false, null, 'mail without a name', 'none', 'recalled');
create view compliance.breach_reports as
  select aware_at as started_at, reported_at as completed_at from compliance.breaches where must_be_reported;

create table compliance.complaints (received_at timestamptz not null, acknowledged_at timestamptz, answered_at timestamptz);
insert into compliance.complaints
  select now() - n * interval '13 days', now() - n * interval '13 days' + interval '1 day',
    case when n > 2 then now() - n * interval '13 days' + interval '25 days' end
  from generate_series(1, 9) n;
create view compliance.complaint_acknowledgements as
  select received_at as started_at, acknowledged_at as completed_at from compliance.complaints;
create view compliance.complaint_responses as
  select received_at as started_at, answered_at as completed_at from compliance.complaints;

create table compliance.complaints_returns (period_end date not null, completed_at timestamptz);
create table compliance.regulatory_returns (period_end date not null, completed_at timestamptz);
create table compliance.regulatory_reports (started_at timestamptz not null, completed_at timestamptz);
insert into compliance.regulatory_reports
  select now() - n * interval '8 days', now() - n * interval '8 days' + interval '7 hours' from generate_series(1, 10) n;
create table compliance.fca_notifications (started_at timestamptz not null, completed_at timestamptz);
insert into compliance.fca_notifications values (now() - interval '60 days', now() - interval '60 days' + interval '5 hours');

create table compliance.disposals (
  record_class text not null, created_at timestamptz not null, relationship_ended_at timestamptz, disposed_at timestamptz not null);
insert into compliance.disposals values
  ('mifid', now() - interval '9 years', null, now() - interval '1 year'),
  ('due-diligence', now() - interval '12 years', now() - interval '8 years', now() - interval '1 year');

create table compliance.recommendations (made_at timestamptz, instrument text, report_id bigint);
insert into compliance.recommendations
  select now() - n * interval '5 days', 'GB00B' || lpad(n::text, 7, '0'), n from generate_series(1, 30) n;
create table compliance.ongoing_clients (
  pays_for_ongoing_service boolean not null, service_began_at timestamptz not null, last_reviewed_at timestamptz);
insert into compliance.ongoing_clients
  select n % 4 > 0, now() - interval '5 years', now() - n * interval '3 days' from generate_series(1, 110) n;
create table compliance.due_diligence (risk text not null, last_checked_at timestamptz);
insert into compliance.due_diligence
  select case when n % 8 = 0 then 'high' else 'standard' end, now() - n * interval '4 days' from generate_series(1, 60) n;
create table compliance.certified_staff (is_active boolean not null, last_assessed_at timestamptz);
insert into compliance.certified_staff select true, now() - n * interval '30 days' from generate_series(1, 6) n;

create table compliance.processors (contract_signed_at timestamptz, reviewed_at timestamptz not null);
insert into compliance.processors select now() - interval '2 years', now() - interval '3 days' from generate_series(1, 5);
create table compliance.transfers (mechanism text, reviewed_at timestamptz not null);
insert into compliance.transfers values ('adequacy', now() - interval '3 days');
create table compliance.ico_registration (expires_at timestamptz not null);
insert into compliance.ico_registration values (now() + interval '200 days');
create table compliance.releases (is_high_risk boolean not null, impact_assessed_at timestamptz);
insert into compliance.releases values (false, null), (true, now() - interval '30 days');
create table compliance.marketing_messages (sent_at timestamptz not null, was_allowed boolean not null);
insert into compliance.marketing_messages select now() - n * interval '2 days', true from generate_series(1, 40) n;

create table compliance.restores (verified_at timestamptz not null, succeeded boolean not null);
insert into compliance.restores values (now() - interval '12 days', true);
create table compliance.backups (completed_at timestamptz not null, succeeded boolean not null, is_encrypted boolean not null);
insert into compliance.backups
  select now() - n * interval '1 day' + interval '22 hours', true, true from generate_series(1, 14) n;
create table compliance.vulnerabilities (
  severity text not null, known_since timestamptz not null, fixed_at timestamptz, scanned_at timestamptz not null);
insert into compliance.vulnerabilities values
  ('high', now() - interval '30 days', now() - interval '21 days', now() - interval '5 hours'),
  ('medium', now() - interval '9 days', null, now() - interval '5 hours');
create table compliance.incidents (severity text not null, detected_at timestamptz not null, answered_at timestamptz);
insert into compliance.incidents values
  ('critical', now() - interval '12 days', now() - interval '12 days' + interval '6 minutes'),
  ('low', now() - interval '2 days', null);
`;
