import { decoded, inside } from '../../../pack/secrets/inside.js';
import { isPasswordName, wordsOf } from '../../../pack/secrets/secret-shapes.js';
import { isHarmlessSegment } from './harmless.js';
import { isPersonalName, isSecretName } from './names.js';

export interface Segment {
  /** As it is in the path, and as it was typed. */
  readonly written: string;
  readonly plain: string;
  /** It is a secret by its position, such as after `reset`, or by a name inside it, such as `;token=`. */
  readonly isSecret: boolean;
  /** What follows it, in the path or as a parameter, is a secret. */
  readonly leads: boolean;
}

/** What follows these words authenticates a user, even if it is short: it was sent by mail or to a phone. */
const leading = new Set(
  (
    'reset recover recovery restore forgot invite invites invitation invitations join verify verification confirm ' +
    'confirmation activate activation unlock unsubscribe optout sms magic magiclink otp totp passwordless redeem ' +
    'voucher vouchers onetime share shared s l'
  ).split(' '),
);

/** Words of routes that can also follow them. */
const routeWords = new Set(
  (
    'accept account accounts all cancel change check code codes complete confirm create credentials current decline delete ' +
    'details done edit email end error expired failed form forgot history info init introspect invalid invitation ' +
    'invitations invite invites keys link links list login logout magic mail members mobile new page password passwords ' +
    'phone policy pin preview reject refresh register renew request resend reset revoke rules send session sessions ' +
    'settings setup sign signin signup sms start state status step submit success team teams token tokens types unsubscribe ' +
    'update user users validate verify verification view'
  ).split(' '),
);

/** The segments of a path. */
export function segmentsOf(path: string): Segment[] {
  let isLed = false;
  let before = '';
  return path.split('/').map((written) => {
    const plain = decoded(written);
    const isSecret =
      plain !== '' &&
      ((isLed && !isRouteWord(plain)) || (isSecretName(before) && /\d/.test(plain)) || holdsSecretName(plain));
    const isLeading = !isSecret && leads(plain);
    isLed ||= isLeading;
    if (!isSecret) before = plain;
    return { written, plain, isSecret, leads: isLeading };
  });
}

/** Whether a value contains such a path: `/reset/abcd`, or a complete URL. */
export function hasSecretSegment(value: string): boolean {
  const path = decoded(value);
  return path.includes('/') && segmentsOf(path.replace(/[?#].*$/s, '')).some(({ isSecret }) => isSecret);
}

/** Whether a value contains a named secret: `/page?token=x`, `pin: 123`. */
export function holdsSecretName(value: string): boolean {
  return [...inside(value, isSecretName)].some(
    (field) => field.value !== '' && (isSecretName(field.name) || isPersonalName(field.name)),
  );
}

function leads(segment: string): boolean {
  // With digits it is an id or a secret itself.
  if (!/^\D+$/.test(segment)) return false;
  const words = wordsOf(segment);
  return (
    words.some((word) => leading.has(word)) ||
    isPasswordName(segment) ||
    /^(tokens?|otp|pin|secret)$/.test(words.at(-1) ?? '')
  );
}

function isRouteWord(segment: string): boolean {
  return (
    /^v\d{1,2}$/i.test(segment) ||
    (isHarmlessSegment(segment) && wordsOf(segment).every((word) => routeWords.has(word)))
  );
}
