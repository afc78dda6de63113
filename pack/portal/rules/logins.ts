import type { JudgedShared, SharedRule } from '../../shared/rule.js';
import { type User, usersOf } from './users.js';

/** Everybody who logs in can. */
export const loginsOfPortals: SharedRule = (judged) => {
  for (const [name, portal] of Object.entries(judged.shared.portals)) {
    for (const user of usersOf(name, portal)) {
      forms(judged, user);
    }
    if (portal.identities.default !== undefined) {
      judged.reporter.report(
        ['portals', name, 'identities', 'default'],
        'metrics call the user of auth: by this name',
        {
          atKey: true,
          expected: 'another name, or auth:',
        },
      );
    }
  }
};

function forms({ reporter }: JudgedShared, { path, auth }: User): void {
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
