import { type User, usersOf } from '../../portal/rules/users.js';
import type { Judged, Rule } from '../../reading/rule.js';
import { type KeyPath, nodeAt } from '../../reading/source-node.js';
import { suggest } from '../../reading/suggest.js';
import type { ParsedWorkflow } from '../schema/workflow.js';

/** Everybody who logs in can, and every workflow runs as somebody whom its portals know. */
export const logins: Rule = (judged) => {
  const { parsed, reporter } = judged;
  for (const [name, portal] of Object.entries(parsed.portals)) {
    for (const user of usersOf(name, portal)) {
      forms(judged, user);
    }
    if (portal.identities.default !== undefined) {
      reporter.report(['portals', name, 'identities', 'default'], 'metrics call the user of auth: by this name', {
        atKey: true,
        expected: 'another name, or auth:',
      });
    }
  }
  for (const [name, workflow] of Object.entries(parsed.workflows)) {
    identity(judged, workflow, ['workflows', name]);
  }
};

function forms({ reporter }: Judged, { path, auth }: User): void {
  if (auth.kind !== 'form' && auth.kind !== 'oidc') {
    return;
  }
  const asks = auth.forms.findIndex((form) => form.totp !== undefined);
  if (auth.totp !== undefined && asks < 0) {
    reporter.report([...path, 'totp'], 'no form says which field takes the code', {
      atKey: true,
      expected: 'totp: NAME in one of forms:',
    });
  }
  if (auth.totp === undefined && asks >= 0) {
    reporter.report([...path, 'forms', asks, 'totp'], 'there is no secret to make a code of', {
      expected: 'totp: with a secret: beside forms:',
    });
  }
  if (auth.forms.every((form) => form.totp === undefined && Object.keys(form.fields ?? {}).length === 0)) {
    reporter.report([...path, 'forms'], 'no form is filled in', { expected: 'fields: in one of them' });
  }
}

function identity({ parsed, root, reporter }: Judged, workflow: ParsedWorkflow, path: KeyPath): void {
  const wanted = workflow.identity;
  if (wanted === undefined) {
    return;
  }
  const place = [...path, 'identity'];
  const said = nodeAt(root, [...path, 'authenticated']);
  if (said?.kind === 'scalar' && said.value === false) {
    reporter.report([...path, 'authenticated'], `the workflow runs as '${wanted}', and so sends credentials`, {
      expected: 'authenticated: true, or no identity:',
    });
  }
  for (const name of workflow.portals ?? Object.keys(parsed.portals)) {
    const portal = parsed.portals[name];
    const known = Object.keys(portal?.identities ?? {});
    if (portal === undefined || known.includes(wanted)) {
      continue;
    }
    reporter.report(place, `portal '${name}' has no identity '${wanted}'`, {
      expected: known.length === 0 ? `identities: on portal '${name}'` : `one of ${known.join(', ')}`,
      didYouMean: suggest(wanted, known),
    });
  }
}
