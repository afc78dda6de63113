import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
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
    execFileSync('ip', ['route', 'add', 'prohibit', '198.51.100.0/24']);
    const told = [];
    for (const addresses of ${JSON.stringify([['::1'], ['::1', '127.0.0.1'], ['192.0.2.1'], ['192.0.2.1', '127.0.0.1'], ['127.0.0.1'], ['198.51.100.1']])}) {
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
      ['exporter', 'network', '198.51.100.1:1: this machine knows no way there (EACCES)'],
    ]);
  },
);

test.skipIf(!canUnshare).each([
  ['a zone without an answer is the portal’s', 53, ['dns', null, 'portal.test does not resolve (EAI_AGAIN)']],
  [
    'name servers without an answer are ours',
    54,
    ['exporter', 'network', 'portal.test: no name server of this machine answers (EAI_AGAIN); see /etc/resolv.conf'],
  ],
])('%s', (_, port, told) => {
  // The resolver of the system asks a server that knows the root and nothing else, or a port where nobody listens.
  const script = `
    import { execFileSync } from 'node:child_process';
    import { createSocket } from 'node:dgram';
    import { writeFileSync } from 'node:fs';
    import { resolveHost } from ${JSON.stringify(new URL('../exporters/runtime/portal/http/resolve.js', `file://${builtCli}`).href)};
    import { Canceller } from ${JSON.stringify(new URL('../exporters/runtime/measuring/cancellation.js', `file://${builtCli}`).href)};
    execFileSync('ip', ['link', 'set', 'lo', 'up']);
    writeFileSync(process.argv[1], 'nameserver 127.0.0.1\\n');
    execFileSync('mount', ['--bind', process.argv[1], '/etc/resolv.conf']);
    const server = createSocket('udp4', (query, { port, address }) => {
      query.writeUInt16BE(query[12] === 0 ? 0x8180 : 0x8182, 2);
      server.send(query, port, address);
    });
    await new Promise((done) => server.bind(${port}, '127.0.0.1', done));
    const progress = { onQueued() {}, onBegin() {}, onFailure() {} };
    await resolveHost('portal.test', 'any', new Canceller(), progress).catch(({ reason, fault, message }) =>
      console.log(JSON.stringify([reason, fault ?? null, message])));
    server.close();`;
  const folder = mkdtempSync(join(tmpdir(), 'kop-resolv-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const args = ['-nm', process.execPath, '--input-type=module', '-e', script, join(folder, 'resolv.conf')];
  const { stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
  expect(JSON.parse(stdout || JSON.stringify(stderr))).toEqual(told);
});
