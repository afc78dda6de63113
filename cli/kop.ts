#!/usr/bin/env node
import { watchOutput } from './output.js';
import { kop } from './program.js';

const args = process.argv.slice(2);
watchOutput(args[0]);
process.exitCode = await kop(args);
