/** `Set-Cookie` lines as Starlette writes them: HttpOnly, SameSite=lax, not Secure. */
export function cookieLine(name: string, value: string, maxAgeSeconds: number): string {
  return `${name}=${value}; HttpOnly; Max-Age=${maxAgeSeconds}; Path=/; SameSite=lax`;
}

export function deletedCookieLine(name: string): string {
  return `${name}=""; expires=${new Date().toUTCString()}; HttpOnly; Max-Age=0; Path=/; SameSite=lax`;
}

export function cookieValue(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const [key, ...value] = pair.split('=');
    if (key?.trim() === name) {
      return value.join('=').trim().replace(/^"|"$/g, '') || undefined;
    }
  }
  return undefined;
}
