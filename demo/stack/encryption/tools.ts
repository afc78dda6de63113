import type { Tool } from '../tools.js';

export const softHsmTool: Tool = {
  name: 'softhsm',
  title: 'SoftHSM',
  without: 'no hardware security module is timed, not even one in software',
  howToGet: [
    'Debian, Ubuntu: sudo apt-get install softhsm2',
    'macOS:          brew install softhsm',
    'everywhere:     npm install pkcs11js, where npm left it out (it needs a C++ compiler)',
  ],
};

export const pgcryptoTool: Tool = {
  name: 'pgcrypto',
  title: 'pgcrypto',
  without: 'no encryption inside PostgreSQL is timed',
  howToGet: ['in your database: create extension pgcrypto;', 'Debian, Ubuntu:   it comes with the package postgresql'],
};
