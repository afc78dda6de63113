#!/usr/bin/env node
import { kop } from './program.js';

process.exitCode = await kop(process.argv.slice(2));
