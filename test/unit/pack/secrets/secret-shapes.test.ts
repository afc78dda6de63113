import { describe, expect, test } from 'vitest';
import {
  isLiteralSecret,
  isSensitiveName,
  secretShape,
  secretShapeInPath,
} from '../../../../pack/secrets/secret-shapes.js';

describe('names of secrets', () => {
  test.each([
    'password',
    'newPassword',
    'pwd',
    'api_key',
    'apiKey',
    'X-Api-Key',
    'access_token',
    'client_secret',
    'Authorization',
    'Cookie',
    'session_id',
    'privateKey',
    'jwt',
    'pin',
    'pinCode',
    'otp',
    'X-CSRF-Token',
    'userPwd',
    'oldPw',
    'db_pass',
    'otpValue',
    'Ocp-Apim-Subscription-Key',
    'APIKey',
    'userpass',
    'pass1',
    'pwd2',
    'pw1',
    'パスワード',
    'cv2',
    'kennwort',
    'Passwort',
    'motDePasse',
    'mdp',
    'senha_nova',
    'contraseña',
    'wachtwoord',
    'hasło',
    'lösenord',
    'salasana',
    'passord',
    'пароль',
    'answer',
    'securityAnswer',
    'seed',
    'wallet_seed',
    'seedPhrase',
    'mnemonic',
    'cvv',
    'PHPSESSID',
    'accessCode',
    'sms_code',
    'resetKey',
    'Geheimzahl',
    'card_pin',
    'pinNumber',
    // Glued, in any case.
    ...'userpw oldpw newpw mypw loginpw dbpw adminpw USERPW oLdPw UserPW userpwd USERPWD rootpwd smtppwd pwdnew pwdhash upwd'.split(
      ' ',
    ),
    ...'pword pasword passwrd pswd pswrd psswd kennw passkey PassKey passfield keyphrase keyPhrase'.split(' '),
    ...'otpvalue OTPVALUE otpcode userotp mfacode tancode smscode onetimepin userpin cardpin newpin pinno'.split(' '),
    ...'subscriptionkey appkey licensekey consumerkey authkey accesskey sshkey storagekey encryptionkey masterkey'.split(
      ' ',
    ),
    ...'X-Functions-Key x-functions-key FUNCTIONSKEY accesscode mysql_pwd irc_pass dbpasswd userPassw'.split(' '),
  ])('%s', (name) => expect(isSensitiveName(name)).toBe(true));

  test.each([
    'limit',
    'token_type',
    'tokenCount',
    'session_length',
    'cookie-name',
    'secretary',
    'author',
    'passport',
    'compass',
    'pinned',
    'clientGroupId',
    'key',
    'pwned',
    'passenger',
    'otpLength',
    'sort_key',
    'bypass',
    'encompass',
    'pass_width',
    'answered',
    'countryCode',
    'promo_code',
    'postcode',
    'seedling',
    'pinned_at',
    'map_pins_shown',
    ...'monkey keyboard keyword keywords keyWords hotkey turkey passage passive passion compassion trespass'.split(' '),
    ...'tokenized tokenizer design opinion spinner shopping pinyin pinterest mapping option optional laptop'.split(' '),
    ...'dropdown stopwords crossword pwa power kpw pwned accountant assistant instant constant tenant tan'.split(' '),
    ...'newcode postalcode unicode barcode zipcode qrcode decode encoded testkey newkey primarykey foreignkey'.split(
      ' ',
    ),
    ...'usercode hostname username userid emailtext numberfield formfield appcode pin_width otplength pwdlength'.split(
      ' ',
    ),
  ])('but not %s', (name) => expect(isSensitiveName(name)).toBe(false));
});

test.each([
  ['password', 'letmein', true],
  ['password', '', false],
  ['password', '{fresh}', false],
  ['Authorization', 'Bearer {token}', false],
  ['Cookie', 'sid={session}; lang=en', false],
  ['Cookie', 'sid=8f7a6b5c; lang={lang}', true],
  ['pin', 1234, true],
  ['otpValue', 123456, true],
  ['tokens', 50, false],
  ['cvv', 123, true],
  ['pass1', 1234, true],
  ['seed', 42, false],
  ['answer', 7, false],
  ['license-key', 12345, true],
  ['otpvalue', 123456, true],
  ['mfacode', 123456, true],
  ['userpin', 1234, true],
  ['appkey', 1234, true],
  ['userpw', '{password}', false],
  ['q', 'letmein', false],
])('%s: %s is a secret in plain: %s', (name, value, secret) => {
  expect(isLiteralSecret(name, value)).toBe(secret);
});

describe('looks of secrets', () => {
  test.each([
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.c2lnbmF0dXJl', 'a JSON web token'],
    ['-----BEGIN EC PRIVATE KEY-----', 'a private key'],
    [['AKIA', 'IOSFODNN7EXAMPLE'].join(''), 'an access key of AWS'],
    [['ghp', 'abcdefghijklmnopqrst'].join('_'), 'an access token'],
    ['Basic cHJvYmU6bGV0bWVpbg==', 'the value of an Authorization header'],
    ['https://probe:letmein@portal.example.com/', 'a URL with a password'],
    ['q8Zt2LmVx0RkYb7NwEoPjC4sHfUaGd6T', 'a random key'],
  ])('%s', (text, what) => expect(secretShape(text)).toBe(what));

  test.each([
    'smith',
    'a whole sentence about Basic things',
    '6f1c2b1e-8d0a-4c57-9a40-0d7c1f5e2b11',
    '2026-11-23T11:40:00.000Z',
    'd41d8cd98f00b204e9800998ecf8427ed41d8cd98f00b204e9800998ecf8427e',
    'query ClientGroups($first: Int) { clientGroups(first: $first) { id name } }',
    'https://portal.example.com/api/client_groups/7/complete?limit=10',
    'application/vnd.kingston.portal+json',
  ])('but not %s', (text) => expect(secretShape(text)).toBeUndefined());
});

describe('paths of ordinary words', () => {
  test.each(['/api/v1/clientGroups/summaryByAdviser', '/Services/PortalService2.asmx/GetClientGroups'])('%s', (path) =>
    expect(secretShapeInPath(path)).toBeUndefined(),
  );

  test('but not one with a key in it', () =>
    expect(secretShapeInPath('/share/AaiyAPdpYdesoKnqjj8HJqRn4T5titww/page')).toBe('a random key'));
});
