import type { EnvironmentRule } from '../rule.js';

/** Puts back what a fault changed. */
export type Undo = () => Promise<void>;

/** Faults of the world around the portal, as against faults of single answers. */
export interface Environment {
  apply(rule: EnvironmentRule): Promise<Undo>;
}

/** The server under the portal, when whoever started the portal also owns the server. */
export interface DatabaseControl {
  stop(): Promise<void>;
  start(): Promise<void>;
}
