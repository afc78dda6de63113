import { passes } from './passes.js';

passes('audit-trail');
