import { passes } from './passes.js';

passes('encryption');
