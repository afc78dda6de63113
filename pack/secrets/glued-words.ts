/**
 * Takes names apart that are written in lower case and without a mark: `userpw`, `otpvalue`, `subscriptionkey`.
 *
 * The words are those of public lists of names that are kept out of logs and repositories: `filter_parameters` of Rails
 * (passw, secret, token, _key, crypt, salt, otp, ssn, cvv), `DEFAULT_DENYLIST` of Sentry's SDK (passwd, mysql_pwd,
 * apikey, privatekey, auth, session), and the names of secrets in SecLists (dbpasswd, irc_pass, authkey, consumer_key,
 * sshkey, encryptionkey); and what people put before and behind them.
 */
const secrets =
  'pw pws pwd pwds psw psws pswd mdp clave senha haslo heslo parola pass pin pins otp totp mfa tfa 2fa tan key keys code codes phrase ' +
  'cvv cvc psk';

const before =
  'user usr my your new old login logon signin signon db database admin root super sudo smtp imap pop ftp sftp mail email ldap sql ' +
  'mysql mssql pg postgres redis mongo proxy wifi wlan vpn api app application client server service system account acct customer ' +
  'cust member owner guest test demo dev developer device host auth access temp tmp tenant confirm confirmed confirmation ' +
  'current cur curr previous prev default subscription licence license function functions master shared private consumer ' +
  'partner merchant site signing sign encryption encrypt one two factor time sms phone mobile card atm bank web portal ssh ' +
  'storage hmac aes rsa activation backup security recovery reset unlock verification verify pairing txt text frm form ctl ' +
  'seed secret u j p';

const behind =
  'value val text txt field fld input hash enc encrypted plain raw string str number num no nr digits old new confirm again repeat ' +
  'verify token entry box';

const known = new Set([...secrets.split(' '), ...before.split(' '), ...behind.split(' ')]);
const LONGEST = 40;

/** The words of which a word in lower case is made, as few as possible; the word itself, if it is not made of known ones. */
export function unglued(word: string): readonly string[] {
  if (word.length > LONGEST || known.has(word)) return [word];
  const splits: (readonly string[] | undefined)[] = [[]];
  for (let end = 1; end <= word.length; end += 1) {
    for (let start = 0; start < end; start += 1) {
      const before = splits[start];
      const best = splits[end];
      if (before === undefined || (best !== undefined && best.length <= before.length + 1)) continue;
      const piece = word.slice(start, end);
      if (known.has(piece)) splits[end] = [...before, piece];
    }
  }
  return splits[word.length] ?? [word];
}
