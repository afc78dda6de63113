import { spawn, spawnSync } from 'node:child_process';
import { onPath } from './needed-tools.mjs';

/**
 * Debian starts a service as soon as it is installed, and again at every boot. We want the programs only: while apt
 * runs, a policy says no to every start, and what was newly installed is not started at boot either. Whatever stood in
 * the policy's place before comes back, also when this is interrupted.
 */
const SCRIPT = `
policy=/usr/sbin/policy-rc.d
saved=$policy.kop-saved
restore() { rm -f "$policy"; if [ -e "$saved" ]; then mv "$saved" "$policy"; fi; }
trap restore EXIT
trap 'exit 130' HUP INT TERM
if [ -e "$policy" ] && [ ! -e "$saved" ]; then mv "$policy" "$saved"; fi
printf '#!/bin/sh\\nexit 101\\n' > "$policy"
chmod 755 "$policy"
export DEBIAN_FRONTEND=noninteractive
apt-get -q update || echo 'apt-get update failed; trying with the package lists that are there' >&2
wanted=
for alternatives in "$@"; do
  for name in $(echo "$alternatives" | tr '|' ' '); do
    if apt-cache policy "$name" | grep -q 'Candidate: [0-9]'; then wanted="$wanted $name"; break; fi
  done
done
before=$(dpkg-query -W -f '\${Package}\\n' 2>/dev/null)
apt-get -q install -y --no-install-recommends $wanted </dev/null
for name in $wanted; do
  if ! printf '%s\\n' "$before" | grep -qx "$name" && command -v systemctl >/dev/null; then
    systemctl disable "$name" >/dev/null 2>&1 || true
  fi
done
`;

/** The command that makes us root without asking anybody, or undefined. */
function asRoot() {
  if (process.getuid?.() === 0) {
    return [];
  }
  const hasSudo = onPath('sudo') && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0;
  return hasSudo ? ['sudo', '-n'] : undefined;
}

/** Whether this machine installs with apt, and we may. */
export function canInstall() {
  return process.platform === 'linux' && onPath('apt-get') && asRoot() !== undefined;
}

/**
 * @param {readonly import('./needed-tools.mjs').Need[]} missing
 * @returns {Promise<boolean>} whether apt said that all went well
 */
export async function install(missing) {
  const packages = [...new Set(missing.map((need) => need.packages.join('|')))];
  const [file = '/bin/sh', ...args] = [
    ...(asRoot() ?? []),
    '/bin/sh',
    '-eu',
    '-c',
    SCRIPT,
    'kop-apt-install',
    ...packages,
  ];
  const child = spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  return new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}
