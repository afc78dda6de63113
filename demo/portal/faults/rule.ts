import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { TABLE_NAMES } from '../schema/tables.js';
import { VIEW_NAMES } from '../schema/views.js';
import { distributionSchema } from './distribution.js';

const table = z.enum([...TABLE_NAMES]);
const relation = z.enum([...TABLE_NAMES, ...VIEW_NAMES]);
const none = z.strictObject({}).default({});
const audited = (usual: string) => z.strictObject({ table: table.default(usual) }).prefault({});

const common = {
  id: z
    .string()
    .regex(/^[\w.-]{1,64}$/, 'up to 64 letters, digits, dots, dashes and underscores')
    .optional(),
  until: z.iso.datetime({ offset: true }).optional(),
  forSeconds: z.number().positive().max(86_400).optional(),
};

/** Faults of single answers: which requests they hit is up to `route` and `probability`. */
const perRequest = {
  ...common,
  route: z.string().min(1).default('*'),
  probability: z.number().min(0).max(1).default(1),
};

const kinds = [
  z.strictObject({ ...perRequest, kind: z.literal('latency'), params: distributionSchema }),
  z.strictObject({
    ...perRequest,
    kind: z.literal('status'),
    params: z.strictObject({
      status: z.int().min(400).max(599),
      body: z.string().optional(),
      retryAfterSeconds: z.int().min(0).optional(),
    }),
  }),
  z.strictObject({
    ...perRequest,
    kind: z.literal('ok_with_error'),
    params: z.strictObject({ message: z.string().default('Injected fault') }).prefault({}),
  }),
  z.strictObject({
    ...perRequest,
    kind: z.literal('connection_reset'),
    params: z.strictObject({ afterBytes: z.int().min(0).default(0) }).prefault({}),
  }),
  z.strictObject({
    ...perRequest,
    kind: z.literal('slow_drip'),
    params: z.strictObject({ bytesPerSecond: z.number().min(1).max(10_000_000) }),
  }),
  z.strictObject({
    ...perRequest,
    kind: z.literal('huge_body'),
    params: z.strictObject({ megabytes: z.number().positive().max(4_096) }),
  }),
  z.strictObject({
    ...perRequest,
    kind: z.literal('redirect_loop'),
    params: z.strictObject({ status: z.literal([301, 302, 303, 307, 308]).default(302) }).prefault({}),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('login_refused'),
    probability: z.number().min(0).max(1).default(1),
    params: none,
  }),
  z.strictObject({ ...common, kind: z.literal('database_down'), params: none }),
  z.strictObject({ ...common, kind: z.literal('table_lock'), params: z.strictObject({ table }) }),
  z.strictObject({ ...common, kind: z.literal('table_missing'), params: z.strictObject({ table: relation }) }),
  z.strictObject({
    ...common,
    kind: z.literal('certificate'),
    params: z.strictObject({ days: z.number().min(-3_650).max(3_650) }),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('token_expiry'),
    params: z.strictObject({ answer: z.enum(['status', 'login_page']).default('status') }).prefault({}),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('plaintext_written'),
    params: z.strictObject({ rows: z.int().min(1).max(50).default(1) }).prefault({}),
  }),
  z.strictObject({ ...common, kind: z.literal('nonce_reused'), params: none }),
  z.strictObject({
    ...common,
    kind: z.literal('rotation_stalled'),
    params: z.strictObject({ ageDays: z.int().min(0).max(3_650).default(0) }).prefault({}),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('key_service_slow'),
    params: z.strictObject({ ms: z.number().positive().max(60_000).default(50) }).prefault({}),
  }),
  z.strictObject({ ...common, kind: z.literal('key_service_unavailable'), params: none }),
  z.strictObject({ ...common, kind: z.literal('ciphertext_swapped'), params: none }),
  // Written at every login, so that what is not recorded shows soon.
  z.strictObject({ ...common, kind: z.literal('audit_trigger_disabled'), params: audited('authentication') }),
  z.strictObject({ ...common, kind: z.literal('unaudited_change'), params: audited('client_groups') }),
  z.strictObject({ ...common, kind: z.literal('audit_record_rewritten'), params: audited('client_products') }),
  z.strictObject({ ...common, kind: z.literal('audit_row_deleted'), params: audited('product_owners') }),
  z.strictObject({ ...common, kind: z.literal('request_overdue'), params: none }),
  z.strictObject({
    ...common,
    kind: z.literal('breach_open'),
    params: z.strictObject({ hours: z.number().min(0).max(1_000).default(60) }).prefault({}),
  }),
  z.strictObject({ ...common, kind: z.literal('backup_missed'), params: none }),
  z.strictObject({ ...common, kind: z.literal('register_missing'), params: none }),
] as const;

const ruleSchema = z.discriminatedUnion('kind', kinds);

export type RuleInput = z.input<typeof ruleSchema>;
export type FaultKind = RuleInput['kind'];
export const FAULT_KINDS: readonly FaultKind[] = kinds.map((kind) => kind.shape.kind.value);

export type CheckedRule = z.output<typeof ruleSchema>;

/** A rule in force: always with an id, and its end, if any, as a moment. */
export type FaultRule = CheckedRule & { readonly id: string };
export type RequestRule = Extract<FaultRule, { route: string } | { kind: 'login_refused' }>;
export type EnvironmentRule = Exclude<FaultRule, RequestRule>;

export class InvalidFault extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('; '));
    this.name = 'InvalidFault';
    this.problems = problems;
  }
}

/** Whether the rule is one at all; when it begins, and so when `forSeconds` ends, is left open. */
export function checkRule(input: unknown): CheckedRule {
  const parsed = ruleSchema.safeParse(input);
  if (!parsed.success) {
    throw new InvalidFault(parsed.error.issues.map(problemText));
  }
  if (parsed.data.forSeconds !== undefined && parsed.data.until !== undefined) {
    throw new InvalidFault(['give either "until" or "forSeconds", not both']);
  }
  return parsed.data;
}

export function parseRule(input: unknown, now = Date.now()): FaultRule {
  const { forSeconds, ...rule } = checkRule(input);
  const until = forSeconds === undefined ? rule.until : new Date(now + forSeconds * 1_000).toISOString();
  if (until !== undefined && Date.parse(until) <= now) {
    throw new InvalidFault([`until: ${until} has passed already`]);
  }
  const id = rule.id ?? `${rule.kind}-${randomUUID().slice(0, 8)}`;
  return { ...rule, ...(until === undefined ? {} : { until }), id };
}

export function isRequestRule(rule: FaultRule): rule is RequestRule {
  return 'route' in rule || rule.kind === 'login_refused';
}

function problemText(issue: z.core.$ZodIssue): string {
  const at = issue.path.join('.');
  if (at === 'kind') {
    return `kind: must be one of ${FAULT_KINDS.join(', ')}`;
  }
  return at === '' ? issue.message : `${at}: ${issue.message}`;
}
