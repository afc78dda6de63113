import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { kmsFailure } from '../../../../../exporters/encryption/providers/kms-failure.js';
import { sqlFailure } from '../../../../../exporters/encryption/providers/sql-failure.js';
import { machineFault } from '../../../../../exporters/runtime/portal/http/machine-fault.js';
import { NameServers } from '../../../../../exporters/runtime/portal/http/name-servers.js';
import { timeTravel } from '../../../../support/workflow/time.js';

const SERVFAIL = 2;
const NXDOMAIN = 3;
const REFUSED = 5;

/** Answers with a code for each name, and with SERVFAIL for all others. The root is ''. */
async function nameServer(codes: Readonly<Record<string, number>>): Promise<{ address: string; asked: string[] }> {
  const asked: string[] = [];
  const socket = createSocket('udp4', (query, from) => {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    asked.push(labels.join('.'));
    const answer = Buffer.from(query.subarray(0, at + 5));
    answer.writeUInt16BE(0x8180 | (codes[labels.join('.')] ?? SERVFAIL), 2);
    answer.fill(0, 6, 12);
    answer.writeUInt16BE(1, 4);
    socket.send(answer, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return { address: `127.0.0.1:${socket.address().port}`, asked };
}

const failed = (code: string, hostname = 'a.portal.test') =>
  Object.assign(new Error(`getaddrinfo ${code}`), { code, syscall: 'getaddrinfo', hostname });

describe('a name without an answer', () => {
  const cases: [code: string, before: string, codes: Record<string, number>, fault: 'network' | undefined][] = [
    ['EAI_AGAIN', 'b.portal.test', { '': 0 }, undefined],
    ['EAI_FAIL', 'b.portal.test', { '': NXDOMAIN }, undefined],
    // It serves no root.
    ['EAI_AGAIN', 'b.portal.test', { '': REFUSED }, undefined],
    // The root is out of reach, as in a closed network, and other zones are not.
    ['EAI_AGAIN', 'login.intern', { 'login.intern': 0 }, undefined],
    // Nothing is in reach.
    ['EAI_AGAIN', 'login.intern', {}, 'network'],
    // A name of the same zone fails with it, and one of this machine is no evidence.
    ['EAI_AGAIN', 'b.portal.test', { 'b.portal.test': 0 }, 'network'],
    ['EAI_AGAIN', 'localhost', {}, 'network'],
    // The resolver could not work at all.
    ['EAI_SYSTEM', 'b.portal.test', { '': 0 }, 'network'],
  ];
  test.each(cases)('%s after %s, with %j', async (code, before, codes, fault) => {
    const { address } = await nameServer(codes);
    const servers = new NameServers(() => [address]);
    servers.noteResolved(before);
    expect((await machineFault(failed(code), 'a.portal.test', servers))?.fault).toBe(fault);
  });

  test('is ours where no server answers, and one that answers is enough', async () => {
    const silent = createSocket('udp4').bind(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => void silent.close());
    const gone = createSocket('udp4').bind(0, '127.0.0.1');
    await once(gone, 'listening');
    const [hears, refuses] = [silent, gone].map((socket) => `127.0.0.1:${socket.address().port}`);
    gone.close();
    const { address } = await nameServer({ '': 0 });
    const fault = (servers: (string | undefined)[]) =>
      machineFault(
        failed('EAI_AGAIN'),
        'a.portal.test',
        new NameServers(() => servers.filter((each) => each !== undefined)),
      );
    const started = performance.now();
    expect((await fault([hears, refuses]))?.message).toBe(
      'a.portal.test: no name server of this machine answers (EAI_AGAIN); see /etc/resolv.conf',
    );
    expect(performance.now() - started).toBeLessThan(5000);
    expect(await fault([hears, refuses, address])).toBeUndefined();
    expect((await fault([]))?.fault).toBe('network');
  });

  test('asks each server once for names that fail together, and never for the name itself', async () => {
    const passTime = timeTravel();
    const { address, asked } = await nameServer({ '': 0 });
    const servers = new NameServers(() => [address]);
    servers.noteResolved('login.intern');
    await Promise.all(['a.portal.test', 'b.other.test'].map((host) => servers.work(host)));
    await servers.work('c.third.test');
    await expect.poll(() => asked.toSorted()).toEqual(['', 'login.intern']);
    // A second later it may be another story.
    passTime(1001);
    await servers.work('c.third.test');
    await expect.poll(() => asked.length).toBe(4);
  });
});

describe('what the system itself refuses', () => {
  const to = (code: string, address: string, syscall = 'connect') =>
    Object.assign(new Error(`${syscall} ${code}`), { code, syscall, address, port: 9 });
  const cases: [error: Error, fault: 'network' | undefined][] = [
    [to('EAFNOSUPPORT', '::1'), 'network'],
    [to('EAFNOSUPPORT', '::', 'bind'), 'network'],
    [to('EPERM', '127.0.0.1'), 'network'],
    [to('EACCES', '127.0.0.1'), 'network'],
    // A firewall of the portal may say so with IPv6.
    [to('EACCES', '::1'), undefined],
    [to('EHOSTUNREACH', '127.0.0.1'), undefined],
    [to('EACCES', '/etc/shadow', 'open'), undefined],
    [new AggregateError([to('EAFNOSUPPORT', '::1'), to('EPERM', '127.0.0.1')]), 'network'],
    [new AggregateError([to('EAFNOSUPPORT', '::1'), to('ECONNREFUSED', '127.0.0.1')]), undefined],
  ];
  test.each(cases)('%s', async (error, fault) => {
    expect((await machineFault(error, 'portal.test'))?.fault).toBe(fault);
    // One rule for every provider of encryption.
    const booked = fault === undefined ? { reason: 'unavailable' } : { fault };
    expect(await sqlFailure(error, 'connect')).toMatchObject(booked);
    expect(await kmsFailure(error)).toMatchObject(booked);
  });
});
