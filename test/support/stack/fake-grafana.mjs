#!/usr/bin/env node
// Stands where Grafana would, where none is installed: tells how it was started, and what it would have read.
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const { GF_SERVER_HTTP_ADDR: host, GF_SERVER_HTTP_PORT: port, GF_PATHS_PROVISIONING: folder } = process.env;

createServer((request, response) => {
  if (request.url === '/told') {
    const settings = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('GF_')));
    const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.yaml'));
    const provisioning = Object.fromEntries(files.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
    response.end(JSON.stringify({ args: process.argv.slice(2), settings, provisioning }));
  } else {
    response.end('{"database":"ok"}');
  }
}).listen(Number(port), host);
process.on('SIGTERM', () => process.exit(0));
