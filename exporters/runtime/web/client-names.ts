import type { X509Certificate } from 'node:crypto';

/**
 * The subject alternative names of a certificate, as text. Node joins them with commas and quotes names with a comma or
 * a quote; they are parsed from the start, so that one name cannot look like two.
 */
export function subjectAltNames(certificate: Pick<X509Certificate, 'subjectAltName'>): string[] {
  const names: string[] = [];
  const entry = /(?:^|, )(DNS|IP Address|email|URI|[A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)/y;
  const text = certificate.subjectAltName ?? '';
  for (let match = entry.exec(text); match !== null; match = entry.exec(text)) {
    const [, kind, value = ''] = match;
    const name = value.startsWith('"') ? unquote(value) : value;
    if (name === undefined) continue;
    if (kind === 'IP Address') names.push(canonicalIp(name));
    else if (kind === 'DNS' || kind === 'email' || kind === 'URI') names.push(name);
  }
  return names;
}

export function carriesAllowedName(
  certificate: Pick<X509Certificate, 'subjectAltName'>,
  allowed: readonly string[],
): boolean {
  const names = subjectAltNames(certificate);
  return allowed.some((name) => names.includes(name) || names.includes(canonicalIp(name)));
}

function unquote(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `0:0:0:0:0:0:0:1` and `::1` are one address. Other texts stay unchanged. */
function canonicalIp(text: string): string {
  if (!/^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text)) return text;
  try {
    return new URL(`http://[${text}]/`).hostname.slice(1, -1);
  } catch {
    return text;
  }
}
