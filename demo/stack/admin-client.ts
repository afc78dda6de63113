import { kopCall } from '../../exporters/runtime/call.js';
/** The fault interface of a running demo portal. */
export class AdminRefused extends Error {
  override readonly name = 'AdminRefused';
}

export async function askAdmin(
  adminUrl: string,
  method: 'GET' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<unknown> {
  let answer: Response;
  try {
    answer = await fetch(new URL(path, adminUrl), {
      method,
      signal: AbortSignal.timeout(60_000),
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
  } catch (cause) {
    throw new AdminRefused(
      `No demo answers on ${adminUrl}. Start one with ${kopCall()} demo, or name the address in its table with --admin.`,
      { cause },
    );
  }
  const content: unknown = await answer.json().catch(() => undefined);
  if (!answer.ok) {
    throw new AdminRefused(problemsIn(content) ?? `The demo portal answered ${answer.status}.`);
  }
  return content;
}

export async function playBadAfternoon(adminUrl: string, speed: number): Promise<void> {
  await askAdmin(adminUrl, 'PUT', '/admin/scenario', { name: 'bad-afternoon', speed });
}

function problemsIn(content: unknown): string | undefined {
  if (typeof content !== 'object' || content === null) {
    return undefined;
  }
  if ('problems' in content && Array.isArray(content.problems)) {
    return content.problems.map(String).join('\n');
  }
  return 'error' in content && typeof content.error === 'string' ? content.error : undefined;
}
