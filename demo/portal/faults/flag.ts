import { FAULT_KINDS, InvalidFault } from './rule.js';

// What stands directly after the kind's equals sign.
const MAIN_PARAMETER: Readonly<Record<string, string>> = {
  status: 'status',
  ok_with_error: 'message',
  connection_reset: 'afterBytes',
  slow_drip: 'bytesPerSecond',
  huge_body: 'megabytes',
  redirect_loop: 'status',
  table_lock: 'table',
  table_missing: 'table',
  certificate: 'days',
  plaintext_written: 'rows',
  token_expiry: 'answer',
  rotation_stalled: 'ageDays',
  key_service_slow: 'ms',
  audit_trigger_disabled: 'table',
  unaudited_change: 'table',
  audit_record_rewritten: 'table',
  audit_row_deleted: 'table',
  breach_open: 'hours',
};
const RULE_KEYS = new Set(['id', 'route', 'probability', 'until', 'forSeconds']);

export const FLAG_HELP =
  'KIND[=VALUE][,key=value…], for example latency=250 | latency=lognormal,medianMs=400,sigma=0.5,route=/api/search | status=503,probability=0.1 | table_lock=client_groups,forSeconds=60 | database_down';

/** Turns `--fault latency=250,route=/api/search` into the object the admin route would get. */
export function ruleFromFlag(text: string): unknown {
  const [head = '', ...rest] = text.split(',');
  const [kind = '', value] = splitOnce(head);
  const params: Record<string, string | number> = value === undefined ? {} : mainParameter(kind, value);
  const rule: Record<string, unknown> = { kind };
  for (const part of rest) {
    const [key, given] = splitOnce(part);
    if (given === undefined) {
      throw new InvalidFault([`"${part}" in --fault ${text}: expected key=value`]);
    }
    (RULE_KEYS.has(key) ? rule : params)[key] = numberOrText(given);
  }
  return { ...rule, params };
}

function mainParameter(kind: string, value: string): Record<string, string | number> {
  if (kind === 'latency') {
    const ms = Number(value);
    return Number.isFinite(ms) ? { distribution: 'constant', ms } : { distribution: value };
  }
  const name = MAIN_PARAMETER[kind];
  if (!FAULT_KINDS.some((known) => known === kind)) {
    // Left to the rule's own check, which lists the kinds there are.
    return {};
  }
  if (name === undefined) {
    throw new InvalidFault([`--fault ${kind} takes no value (got "${value}")`]);
  }
  return { [name]: name === 'message' ? value : numberOrText(value) };
}

function splitOnce(text: string): [string, string | undefined] {
  const at = text.indexOf('=');
  return at < 0 ? [text.trim(), undefined] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

function numberOrText(text: string): string | number {
  const value = Number(text);
  return text === '' || Number.isNaN(value) ? text : value;
}
