import { passes } from './passes.js';

passes('others');
