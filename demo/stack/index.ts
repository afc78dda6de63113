export { AdminRefused, askAdmin, playBadAfternoon } from './admin-client.js';
export { runDemo } from './demo.js';
export { type DemoOptions, defaultPorts, InvalidPorts, parsePorts } from './options.js';
