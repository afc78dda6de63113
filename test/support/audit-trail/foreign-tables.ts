/** Where triggers of others record, in the shape of their tables. */

/** Of supa_audit. */
export const recordVersion = `
  create schema audit;
  create type audit.operation as enum ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE');
  create table audit.record_version (
    id bigserial primary key, record_id uuid, old_record_id uuid, op audit.operation not null,
    ts timestamptz not null default now(), table_oid oid not null, table_schema name not null,
    table_name name not null, record jsonb, old_record jsonb);`;

/** Of 2ndQuadrant's audit-trigger. */
export const loggedActions = `
  create extension hstore;
  create schema audit;
  create table audit.logged_actions (
    event_id bigserial primary key, schema_name text not null, table_name text not null, relid oid not null,
    session_user_name text, action_tstamp_tx timestamptz not null, action_tstamp_stm timestamptz not null,
    action_tstamp_clk timestamptz not null, transaction_id bigint, application_name text, client_addr inet,
    client_port integer, client_query text, action text not null, row_data hstore, changed_fields hstore,
    statement_only boolean not null);`;
