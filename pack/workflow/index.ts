import { domain } from '../domain.js';
import { probeMetrics, workflowMetrics } from './metrics.js';
import { plainSecretsOfSteps } from './plain-secrets.js';
import { recordedOfWorkflows } from './recorded.js';
import { resolveWorkflow } from './resolve.js';
import { logins } from './rules/logins.js';
import { numbers } from './rules/numbers.js';
import { protection } from './rules/protection.js';
import { references } from './rules/references.js';
import { schedules } from './rules/schedules.js';
import { steps } from './rules/steps.js';
import { variables } from './rules/variables.js';
import { workflowSchema } from './schema/workflow.js';
import { secretsOfWorkflows } from './secret-places.js';

export const workflow = domain({
  key: 'workflows',
  noun: 'workflow',
  nouns: 'workflows',
  about: 'What users do on a portal, how fast it must be, and how that is measured.',
  schema: workflowSchema,
  rules: [references, steps, variables, protection, logins, schedules, numbers],
  resolve: resolveWorkflow,
  warnings: plainSecretsOfSteps,
  secrets: secretsOfWorkflows,
  metrics: [
    { title: 'Workflow SLA', metrics: workflowMetrics },
    { title: 'Answers of `/probe`', metrics: probeMetrics },
  ],
  recorded: recordedOfWorkflows,
});
