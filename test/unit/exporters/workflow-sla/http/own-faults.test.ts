import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { withoutFileDescriptors } from '../../../../support/file-descriptors.js';
import { job } from '../../../../support/workflow/domain.js';
import { runOnce, verdictOf } from '../../../../support/workflow/engine.js';
import { builtCli } from '../../../../support/workflow/process.js';

test.skipIf(process.platform !== 'linux').each(['http://localhost:1', 'http://127.0.0.1:1'])(
  'no file descriptors on the way to %s: our fault',
  async (url) => {
    const giveBack = await withoutFileDescriptors();
    const result = await runOnce(job(url)).finally(giveBack);
    expect(verdictOf(result)).toMatch(/^exporter: .*no file descriptors are left for the exporter \(EMFILE\)/);
    expect(result).toMatchObject({ verdict: 'uncertain', uncertain: 'file-descriptors' });
  },
);

const canUnshare =
  process.platform === 'linux' && existsSync('/proc/net/if_inet6') && spawnSync('unshare', ['-n', 'true']).status === 0;

test.skipIf(!canUnshare)(
  'addresses to which this machine knows no way are ours, and leave the others to the portal',
  () => {
    // A network without IPv6, and with nothing but the loopback.
    const script = `
    import { execFileSync } from 'node:child_process';
    import { writeFileSync } from 'node:fs';
    import { dial } from ${JSON.stringify(new URL('../exporters/runtime/portal/http/dial.js', `file://${builtCli}`).href)};
    import { Canceller } from ${JSON.stringify(new URL('../exporters/runtime/measuring/cancellation.js', `file://${builtCli}`).href)};
    execFileSync('ip', ['link', 'set', 'lo', 'up']);
    writeFileSync('/proc/sys/net/ipv6/conf/all/disable_ipv6', '1');
    const told = [];
    for (const addresses of ${JSON.stringify([['::1'], ['::1', '127.0.0.1'], ['192.0.2.1'], ['192.0.2.1', '127.0.0.1'], ['127.0.0.1']])}) {
      await dial(addresses, 1, new Canceller(), () => {}).catch(({ reason, fault, message }) => told.push([reason, fault ?? null, message]));
    }
    console.log(JSON.stringify(told));`;
    const { stdout, stderr } = spawnSync('unshare', ['-n', process.execPath, '--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    const refused = '127.0.0.1:1: connection refused (ECONNREFUSED): nothing listens there';
    expect(JSON.parse(stdout || JSON.stringify(stderr))).toEqual([
      ['exporter', 'network', '[::1]:1: this machine knows no way there (EADDRNOTAVAIL)'],
      ['connect', null, `[::1]:1: this machine knows no way there (EADDRNOTAVAIL); ${refused}`],
      ['exporter', 'network', '192.0.2.1:1: this machine knows no way there (ENETUNREACH)'],
      ['connect', null, `192.0.2.1:1: this machine knows no way there (ENETUNREACH); ${refused}`],
      ['connect', null, refused],
    ]);
  },
);
